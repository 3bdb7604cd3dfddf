import NIOCore
package import NIOWebSocket
import Sockets

/// How a connection ends.
extension WebSocketConnection {
    /// Flushes, sends Close and ignores what the client sends from now on; waits for its Close as configured, then ends
    /// the connection without a reset.
    package func close(code: WebSocketErrorCode, reason: String = "") {
        guard case .open = state else { return }
        output.writeCloseFrame(code, reason: reason)
        reader.discardsMessages = true
        owedPong = nil
        state = .closing(code, ClosingProgress(outstanding: .max, now: socket.loop.now))
        flush()
        waitForClose()
        if isPaused {
            resumeReading()
        } else if inputHasEnded {
            end()
        }
    }

    /// Ends the connection now, whatever is queued.
    package func abort() {
        if case .open = state { endCause = .aborted }
        shut()
    }

    // MARK: What the client does

    func clientClosed(_ code: WebSocketErrorCode?) {
        ended(because: .clientClose(code))
        endWithClose(.normalClosure)
    }

    func clientViolated(_ violation: WebSocketViolation) {
        ended(because: violation == .messageTooBig ? .messageTooBig : .protocolError(violation.code))
        endWithClose(violation.code)
    }

    /// The client has sent FIN, and everything before it is worked off.
    func inputEnded() {
        switch state {
        case .open:
            ended(because: .disconnected)
            end()
        case .closing:
            end()
        case .ending(let end):
            end.inputEnded()
        case .closed:
            break
        }
    }

    // MARK: The way to the end

    private func endWithClose(_ code: WebSocketErrorCode) {
        guard case .open = state else { return }  // The owner aborted when told.
        output.writeCloseFrame(code)
        end()
    }

    /// Sends everything queued, then FIN.
    func end() {
        switch state {
        case .open: break
        case .closing(let code, _): endCause = .serverClose(code)
        case .ending, .closed: return
        }
        held = nil
        isPaused = false
        let last = output
        output = ByteBuffer()
        let end = OrderlyEnd(socket, configuration: commons.configuration, inputHasEnded: inputHasEnded)
        state = .ending(end)
        end.begin(with: last)
        socket.readOn()
    }

    /// Looks whether the client is still on its way to its Close.
    func waitForClose() {
        guard case .closing(let code, var progress) = state else { return }
        let outstanding = socket.queuedBytes + socket.unconfirmedBytes
        let patience = commons.configuration.closeTimeout
        let now = socket.loop.now
        let isStalled = progress.stalled(outstanding: outstanding, at: now) >= TimeAmount(patience)
        state = .closing(code, progress)
        if !isStalled {
            socket.setTimer(at: now + max(patience / 4, .milliseconds(1)))
        } else if outstanding == 0 {
            end()
        } else {
            shut()
        }
    }

    /// Closes the socket without ceremony.
    func shut() {
        if case .closing(let code, _) = state { endCause = .serverClose(code) }
        state = .closed
        held = nil
        socket.close()
    }

    /// Tells the owner, once.
    func ended(because cause: WebSocketCloseCause) {
        guard let client else { return }
        self.client = nil
        client.webSocketClosed(self, cause: cause)
    }
}
