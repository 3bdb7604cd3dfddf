import MailboxRules
import Testing
import WormholeWire

@testable import MailboxService

@Suite("The book of addresses")
struct AddressBookTests {
    private let start = Timestamp(microseconds: 1_000_000_000_000)
    private let began = Uptime(microseconds: 7)

    @Test("an address keeps its id for a generation; the next begins to count anew")
    func ids() {
        var book = AddressBook(after: 0, duration: .seconds(100), at: start, uptime: began)
        #expect(book.id(of: "a")?.id.description == "addr-1-1")
        #expect(book.id(of: "b")?.id.description == "addr-1-2")
        #expect(book.id(of: "a")?.isNew == false)
        #expect(book.rotate(at: start + .seconds(100), uptime: began + .seconds(100)) == false)
        #expect(book.rotate(at: start + .seconds(101), uptime: began + .seconds(101)) == true)
        #expect(book.id(of: "b")?.id.description == "addr-2-1")
    }

    @Test("D24: generations keep their rhythm, unless one was missed, and never begin in the future")
    func rhythm() {
        var book = AddressBook(after: 7, duration: .seconds(100), at: start, uptime: began)
        #expect(book.generation == AddressGeneration(number: 8, started: start))
        #expect(book.rotate(at: start + .seconds(130), uptime: began + .seconds(130)) == true)
        #expect(book.generation == AddressGeneration(number: 9, started: start + .seconds(100)))
        #expect(book.rotate(at: start + .seconds(700), uptime: began + .seconds(700)) == true)
        #expect(book.generation == AddressGeneration(number: 10, started: start + .seconds(700)))
    }

    @Test("a wall clock that is set back lets no address be remembered for longer, and none that is set forward")
    func step() {
        for step in [Duration.seconds(-86_400), .seconds(86_400)] {
            var book = AddressBook(after: 0, duration: .seconds(100), at: start, uptime: began)
            #expect(book.rotate(at: start + .seconds(101) + step, uptime: began + .seconds(101)) == true)
            #expect(book.generation.started <= start + .seconds(101) + step)
            #expect(book.rotate(at: start + .seconds(150) + step, uptime: began + .seconds(150)) == false)
            #expect(book.rotate(at: start + .seconds(202) + step, uptime: began + .seconds(202)) == true)
            // Back again.
            #expect(book.rotate(at: start + .seconds(303), uptime: began + .seconds(303)) == true)
        }
    }

    @Test("a machine that was suspended remembers none for longer")
    func suspended() {
        var book = AddressBook(after: 0, duration: .seconds(100), at: start, uptime: began)
        #expect(book.rotate(at: start + .seconds(101), uptime: began + .seconds(1)) == true)
        #expect(book.rotate(at: start + .seconds(102), uptime: began + .seconds(2)) == false)
    }

    @Test("strangers cannot fill the memory with addresses")
    func bounded() {
        var book = AddressBook(after: 0, duration: .seconds(100), at: start, uptime: began)
        for number in 0..<AddressBook.maximumAddresses { _ = book.id(of: String(number)) }
        #expect(book.id(of: "one more") == nil)
        #expect(book.id(of: "5") != nil)
    }
}
