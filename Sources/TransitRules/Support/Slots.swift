/// A table of things that come and go: one block of memory, names that recognise a successor in the same place.
///
///     index        0      1      2      3
///     element    [ A ][ free ][ B ][ free ]        free places form a list through `generations`
///     generation   3      4      1      2          odd: in use, even: free
///
/// Adding moves everything now and then, so a pointer from ``pointer(at:)`` is good until the next ``insert(_:)``.
package struct Slots<Element: ~Copyable>: ~Copyable {
    @usableFromInline var elements: UnsafeMutablePointer<Element>
    @usableFromInline var places: UnsafeMutablePointer<SlotPlace>
    @usableFromInline var capacity: Int
    /// Places that were ever used are below this.
    @usableFromInline var frontier = 0
    @usableFromInline var firstFree = SlotPlace.none
    /// How many there are.
    package private(set) var count = 0

    package init(minimumCapacity: Int = 16) {
        capacity = max(minimumCapacity, 1)
        elements = .allocate(capacity: capacity)
        places = .allocate(capacity: capacity)
    }

    deinit {
        for index in 0..<frontier where places[index].generation & 1 == 1 {
            (elements + index).deinitialize(count: 1)
        }
        elements.deallocate()
        places.deallocate()
    }

    package mutating func insert(_ element: consuming Element) -> SlotID {
        let index: Int
        if firstFree != SlotPlace.none {
            index = Int(firstFree)
            firstFree = places[index].nextFree
            places[index].generation &+= 1
        } else {
            if frontier == capacity { grow() }
            index = frontier
            frontier += 1
            (places + index).initialize(to: SlotPlace(generation: 1, nextFree: SlotPlace.none))
        }
        (elements + index).initialize(to: element)
        count += 1
        return SlotID(index: UInt32(index), generation: places[index].generation)
    }

    /// Takes an element out. The caller knows that it is there.
    package mutating func remove(at index: UInt32) -> Element {
        precondition(isOccupied(index), "removing what is not there")
        places[Int(index)].generation &+= 1
        places[Int(index)].nextFree = firstFree
        firstFree = index
        count -= 1
        return (elements + Int(index)).move()
    }

    @inlinable
    package func contains(_ id: SlotID) -> Bool {
        Int(id.index) < frontier && places[Int(id.index)].generation == id.generation && id.generation & 1 == 1
    }

    /// The name of the element at an index that is in use.
    package func id(at index: UInt32) -> SlotID {
        precondition(isOccupied(index), "naming what is not there")
        return SlotID(index: index, generation: places[Int(index)].generation)
    }

    /// The element at an index that is in use, until the next ``insert(_:)``.
    @inlinable
    package func pointer(at index: UInt32) -> UnsafeMutablePointer<Element> {
        precondition(isOccupied(index), "looking for what is not there")
        return elements + Int(index)
    }

    @inlinable
    package subscript(index: UInt32) -> Element {
        _read { yield pointer(at: index).pointee }
        _modify { yield &pointer(at: index).pointee }
    }

    /// The indices in use, in no particular order.
    package var indices: [UInt32] {
        (0..<UInt32(frontier)).filter { isOccupied($0) }
    }

    @inlinable
    package func isOccupied(_ index: UInt32) -> Bool {
        Int(index) < frontier && places[Int(index)].generation & 1 == 1
    }

    private mutating func grow() {
        precondition(capacity < Int(UInt32.max) / 2, "more slots than indices")
        let larger = capacity * 2
        let newElements = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        let newPlaces = UnsafeMutablePointer<SlotPlace>.allocate(capacity: larger)
        // Every place is in use, or there would have been a free one.
        newElements.moveInitialize(from: elements, count: frontier)
        newPlaces.moveInitialize(from: places, count: frontier)
        elements.deallocate()
        places.deallocate()
        elements = newElements
        places = newPlaces
        capacity = larger
    }
}

/// What ``Slots`` knows of one place.
@usableFromInline
struct SlotPlace {
    static let none = UInt32.max

    @usableFromInline var generation: UInt32
    /// The next free place, where this one is free.
    var nextFree: UInt32

    init(generation: UInt32, nextFree: UInt32) {
        self.generation = generation
        self.nextFree = nextFree
    }
}
