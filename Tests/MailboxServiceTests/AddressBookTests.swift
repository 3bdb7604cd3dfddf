import Testing
import WormholeWire

@testable import MailboxService

@Suite("The book of addresses")
struct AddressBookTests {
    private let start = Timestamp(microseconds: 1_000_000_000_000)

    @Test("an address keeps its id for a generation; the next begins to count anew")
    func ids() {
        var book = AddressBook(after: 0, duration: .seconds(100), at: start)
        #expect(book.id(of: "a")?.id.description == "addr-1-1")
        #expect(book.id(of: "b")?.id.description == "addr-1-2")
        #expect(book.id(of: "a")?.isNew == false)
        #expect(book.rotate(at: start + .seconds(100)) == false)
        #expect(book.rotate(at: start + .seconds(101)) == true)
        #expect(book.id(of: "b")?.id.description == "addr-2-1")
    }

    @Test("D24: generations keep their rhythm, unless one was missed, and never begin in the future")
    func rhythm() {
        var book = AddressBook(after: 7, duration: .seconds(100), at: start)
        #expect(book.generation == AddressGeneration(number: 8, started: start))
        #expect(book.rotate(at: start + .seconds(130)) == true)
        #expect(book.generation == AddressGeneration(number: 9, started: start + .seconds(100)))
        #expect(book.rotate(at: start + .seconds(700)) == true)
        #expect(book.generation == AddressGeneration(number: 10, started: start + .seconds(700)))
    }

    @Test("strangers cannot fill the memory with addresses")
    func bounded() {
        var book = AddressBook(after: 0, duration: .seconds(100), at: start)
        for number in 0..<AddressBook.maximumAddresses { _ = book.id(of: String(number)) }
        #expect(book.id(of: "one more") == nil)
        #expect(book.id(of: "5") != nil)
    }
}
