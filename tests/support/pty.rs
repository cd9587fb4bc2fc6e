//! A program in a pseudo-terminal, and what its screen shows. Waits for conditions, never for time.

#![allow(
    dead_code,
    reason = "each test that includes this uses its own part of it"
)]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// What ends a frame.
const FRAME: &[u8] = b"\x1b[?2026l";

/// After this long without the awaited text something is wrong; a busy machine is never this slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    reader: Option<JoinHandle<()>>,
    emulator: vt100::Parser,
    /// Every byte that the program wrote.
    pub bytes: Vec<u8>,
    answered: usize,
}

impl Session {
    /// Starts `sh -c script` in `directory`, with the environment of the test and `environment` on top.
    pub fn start(
        script: &str,
        directory: &Path,
        environment: &[(&str, &str)],
        (columns, rows): (u16, u16),
    ) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        command.cwd(directory);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        command.env("UNDERSIGN", env!("CARGO_BIN_EXE_undersign"));
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender
                    .send((Instant::now(), buffer[..count].to_vec()))
                    .is_err()
                {
                    break;
                }
            }
        });
        Session {
            child,
            keys: pair.master.take_writer().unwrap(),
            master: Some(pair.master),
            output,
            reader: Some(reader),
            emulator: vt100::Parser::new(rows, columns, 0),
            bytes: Vec::new(),
            answered: 0,
        }
    }

    /// Types `keys`, all in one write.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let master = self.master.as_ref().expect("it was not taken away");
        master
            .resize(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        self.emulator.screen_mut().set_size(rows, columns);
    }

    /// What the screen shows.
    pub fn screen(&self) -> String {
        self.emulator.screen().contents()
    }

    /// The emulated screen itself.
    pub fn emulated(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    /// Reads until the screen shows `text`.
    #[track_caller]
    pub fn wait(&mut self, text: &str) {
        self.wait_until(&format!("never saw {text:?}"), |screen| {
            screen.contains(text)
        });
    }

    /// Waits until a prompt at the end of what is printed asks `question`, and answers it. On a terminal that scrolls, an
    /// earlier prompt with the same words counts once only.
    #[track_caller]
    pub fn answer(&mut self, question: &str, keys: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let new = String::from_utf8_lossy(&self.bytes[self.answered..]).into_owned();
            if new.contains(question) && new.ends_with(": ") {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok((_, bytes)) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never asked {question:?}:\n{}", self.screen())
                }
            }
        }
        self.answered = self.bytes.len();
        self.send(keys);
    }

    /// Reads until the screen no longer shows `text`.
    #[track_caller]
    pub fn wait_gone(&mut self, text: &str) {
        self.wait_until(&format!("still there: {text:?}"), |screen| {
            !screen.contains(text)
        });
    }

    #[track_caller]
    fn wait_until(&mut self, problem: &str, condition: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition(&self.screen()) {
            match self
                .output
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok((_, bytes)) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{problem}:\n{}", self.screen())
                }
            }
        }
    }

    /// Types `keys`, and says how long it takes until a frame is there that shows what is expected of them.
    #[track_caller]
    pub fn press(&mut self, keys: &str, expected: impl Fn(&vt100::Screen) -> bool) -> Duration {
        while let Ok((_, bytes)) = self.output.try_recv() {
            self.take(&bytes);
        }
        let since = Instant::now();
        self.send(keys);
        loop {
            let Ok((at, bytes)) = self.output.recv_timeout(PATIENCE) else {
                panic!("{keys:?} did nothing:\n{}", self.screen());
            };
            // While a frame is on its way, the cursor is wherever something is drawn. What ends a frame ends with an l.
            let mut seen = false;
            for part in bytes.split_inclusive(|byte| *byte == b'l') {
                self.take(part);
                seen = seen || self.bytes.ends_with(FRAME) && expected(self.emulator.screen());
            }
            if seen {
                return at.saturating_duration_since(since);
            }
        }
    }

    /// Reads what comes within `time`, and the rest of the frame that is on its way then.
    pub fn pause(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let mut left = until.saturating_duration_since(Instant::now());
            if !self.bytes.ends_with(FRAME) {
                left = left.max(PATIENCE);
            }
            match self.output.recv_timeout(left) {
                Ok((_, bytes)) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// How long the program's first thread has worked, and how long it was ready to and had no processor; nothing where
    /// the system does not tell.
    pub fn clock(&self) -> (Duration, Duration) {
        let id = self.child.process_id().unwrap();
        let path = format!("/proc/{id}/task/{id}/schedstat");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let mut numbers = text.split(' ').map(|number| number.parse().unwrap_or(0));
        let mut next = || Duration::from_nanos(numbers.next().unwrap_or(0));
        (next(), next())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.emulator.process(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// Reads until nothing has come for a while: what was drawn last is whole.
    pub fn settle(&mut self) {
        while let Ok((_, bytes)) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.take(&bytes);
        }
    }

    /// What is written within `time`, though nothing is typed.
    pub fn silence(&mut self, time: Duration) -> String {
        match self.output.recv_timeout(time) {
            Ok((_, bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => String::new(),
        }
    }

    /// Waits for the end of the program and of its output.
    pub fn exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            while let Ok((_, bytes)) = self.output.try_recv() {
                self.take(&bytes);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "the program does not end:\n{}",
                self.screen()
            );
            if let Ok((_, bytes)) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.take(&bytes);
            }
        };
        while let Ok((_, bytes)) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.take(&bytes);
        }
        status
    }

    /// Takes the terminal away, as a window that is closed does. `keys` must make the program draw something. Returns
    /// how it ended.
    #[allow(dead_code)]
    pub fn hang_up(mut self, keys: &str) -> ExitStatus {
        // The last reader of the terminal goes with the next thing that is drawn.
        drop(std::mem::replace(&mut self.output, channel().1));
        self.send(keys);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.keys = Box::new(std::io::sink());
        self.master = None;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            if begun.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                panic!("the program goes on without a terminal");
            }
            std::thread::yield_now();
        }
    }

    /// The number of the program.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Kills the program as a crash would: it gets no chance to do anything.
    pub fn kill(&mut self) {
        let pid = self.pid();
        let killed = std::process::Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        self.child.wait().unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A test that failed half-way leaves no program behind.
        let _ = self.child.kill();
    }
}
