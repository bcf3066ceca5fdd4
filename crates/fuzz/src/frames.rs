//! Messages between Node and the shepherd: every decoder refuses bytes, or reads a message whose bytes are exactly these.

use protocol::{Answer, Control, Frame, SpawnRequest, Status};

/// Gives the bytes to every decoder of the protocol.
pub fn frames(bytes: &[u8]) {
    if let Ok(frame) = Frame::decode(bytes) {
        let mut again = frame.encode();
        if Frame::wants_answer(bytes) {
            Frame::ask_for_answer(&mut again);
        }
        assert_eq!(again, bytes);
        if let Frame::Spawn(inner) = &frame {
            request(inner);
        }
    }
    request(bytes);
    if let Ok(control) = Control::decode(bytes) {
        assert_eq!(control.encode(), bytes);
    }
    if let Ok(status) = Status::decode(bytes) {
        assert_eq!(status.encode(), bytes);
    }
    if let Ok(answer) = Answer::decode(bytes) {
        assert_eq!(answer.encode(), bytes);
    }
}

fn request(bytes: &[u8]) {
    let Ok(request) = SpawnRequest::decode(bytes) else { return };
    assert_eq!(request.encode(), bytes);
    assert_eq!(SpawnRequest::peek_child(bytes), Some(request.child));
    let extra = request.extras.as_ref().map_or(0, |extras| extras.descriptors.len());
    assert_eq!(request.slots(), 3 + extra);
    assert!(request.passed() <= request.slots());
    // Each is one C string, or execve would be given others than were meant.
    for string in request.argv.iter().chain(request.env.iter()) {
        assert!(!string.contains(&0));
    }
}
