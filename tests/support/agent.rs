//! An ssh-agent with one key, which signs when it is told to.

#![allow(
    dead_code,
    reason = "each test that includes this uses its own part of it"
)]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::rig::{TestKey, put};

/// The agent of a test. Dropped, it signs no more.
pub struct Agent(Sender<()>);

impl Agent {
    /// Listens at `socket` until the test ends.
    pub fn start(socket: &Path, key: TestKey) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let (go, touched) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that gave up is no reason to stop.
                let _ = stream.and_then(|stream| answer(stream, key, &touched));
            }
        });
        Agent(go)
    }

    /// Lets one signature be made, now or when it is asked for.
    pub fn touch(&self) {
        self.0.send(()).unwrap();
    }
}

fn answer(mut stream: UnixStream, key: TestKey, touched: &Receiver<()>) -> std::io::Result<()> {
    let request = string(&mut stream)?;
    let mut reply = Vec::new();
    match request.split_first() {
        Some((11, _)) => {
            reply.push(12);
            reply.extend(1_u32.to_be_bytes());
            put(&mut reply, key.public().blob());
            put(&mut reply, b"a test");
        }
        Some((13, mut rest)) => {
            let _key = string(&mut rest)?;
            let data = string(&mut rest)?;
            if touched.recv().is_ok() {
                reply.push(14);
                put(&mut reply, &key.raw(&data));
            } else {
                reply.push(5);
            }
        }
        _ => reply.push(5),
    }
    let mut framed = Vec::new();
    put(&mut framed, &reply);
    stream.write_all(&framed)
}

fn string(from: &mut impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut bytes = Vec::new();
    from.take(u32::from_be_bytes(length).into())
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
