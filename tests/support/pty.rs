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

/// After this long without the awaited text something is wrong; a busy machine is never this slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
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
                if sender.send(buffer[..count].to_vec()).is_err() {
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
                Ok(bytes) => self.take(&bytes),
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
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{problem}:\n{}", self.screen())
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.emulator.process(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// Reads until nothing has come for a while: what was drawn last is whole.
    pub fn settle(&mut self) {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(300)) {
            self.take(&bytes);
        }
    }

    /// What is written within `time`, though nothing is typed.
    pub fn silence(&mut self, time: Duration) -> String {
        match self.output.recv_timeout(time) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => String::new(),
        }
    }

    /// Waits for the end of the program and of its output.
    pub fn exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            while let Ok(bytes) = self.output.try_recv() {
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
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.take(&bytes);
            }
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
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
