//! A mail server on loopback (RFC 5321 with STARTTLS and AUTH) that does as the test says, and keeps what it took.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConnection;
use rustls::StreamOwned;

use crate::https::Identity;

/// Who may sign in.
pub const USER: &str = "gate";

/// How connections are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Plain text, with STARTTLS.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Plain text alone.
    Plain,
}

/// A letter that came to its end.
#[derive(Clone, Debug)]
pub struct Letter {
    pub to: Vec<String>,
    pub text: String,
    pub secure: bool,
    pub user: Option<String>,
}

impl Letter {
    /// A header of it.
    pub fn header(&self, name: &str) -> &str {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default()
    }
}

/// What is said to a letter; `None` hangs up instead.
pub type Answer = Option<&'static str>;

/// Says what is said to a letter, given how many came before it.
type Judge = dyn Fn(usize, &Letter) -> Answer + Send + Sync;

/// A server, until the test ends.
pub struct Server {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    speaks: Speaks,
    identity: Identity,
    password: String,
    answer: Box<Judge>,
    letters: Mutex<Vec<Letter>>,
    signed_in: Mutex<Vec<(bool, String)>>,
}

impl Server {
    /// `answer` is asked for each letter, with how many came before it, those not taken included.
    pub fn start(
        speaks: Speaks,
        identity: Identity,
        password: &str,
        answer: impl Fn(usize, &Letter) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (letters, signed_in) = (Mutex::default(), Mutex::default());
        let answer = Box::new(answer);
        let state = State { speaks, identity, password: password.to_owned(), answer, letters, signed_in };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // Whoever is connected may go at any time.
                thread::spawn(move || state.serve(stream).ok());
            }
        });
        Server { port, state }
    }

    /// Every letter that came to its end, taken or not.
    pub fn letters(&self) -> Vec<Letter> {
        self.state.letters.lock().unwrap().clone()
    }

    /// Every sign-in that was tried: whether inside TLS, and what was sent.
    pub fn sign_ins(&self) -> Vec<(bool, String)> {
        self.state.signed_in.lock().unwrap().clone()
    }
}

enum Line {
    Plain(TcpStream),
    Secure(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    fn is_secure(&self) -> bool {
        matches!(self, Line::Secure(_))
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let text = format!("{text}\r\n");
        match self {
            Line::Plain(stream) => stream.write_all(text.as_bytes()),
            Line::Secure(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        }
    }

    /// Reads up to and without this.
    fn read_to(&mut self, end: &str) -> io::Result<String> {
        let (mut read, mut byte) = (Vec::new(), [0]);
        while !read.ends_with(end.as_bytes()) {
            match self {
                Line::Plain(stream) => stream.read_exact(&mut byte)?,
                Line::Secure(stream) => stream.read_exact(&mut byte)?,
            }
            read.push(byte[0]);
        }
        read.truncate(read.len() - end.len());
        Ok(String::from_utf8_lossy(&read).into_owned())
    }
}

impl State {
    fn secured(&self, stream: TcpStream) -> Line {
        let session = ServerConnection::new(self.identity.server()).unwrap();
        Line::Secure(Box::new(StreamOwned::new(session, stream)))
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut line = if self.speaks == Speaks::Tls { self.secured(stream) } else { Line::Plain(stream) };
        let (mut to, mut user) = (Vec::new(), None);
        line.say("220 test ESMTP")?;
        loop {
            let command = line.read_to("\r\n")?;
            let word = command.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    line.say("250-test")?;
                    if self.speaks == Speaks::Starttls && !line.is_secure() {
                        line.say("250-STARTTLS")?;
                    }
                    line.say("250-AUTH PLAIN LOGIN")?;
                    line.say("250 8BITMIME")?;
                }
                "STARTTLS" => {
                    line.say("220 go on")?;
                    let Line::Plain(stream) = line else { return Ok(()) };
                    line = self.secured(stream);
                }
                "AUTH" => {
                    let said = command.rsplit(' ').next().unwrap();
                    let said = String::from_utf8_lossy(&STANDARD.decode(said).unwrap()).into_owned();
                    self.signed_in.lock().unwrap().push((line.is_secure(), said.clone()));
                    if said == format!("\0{USER}\0{}", self.password) {
                        user = Some(USER.to_owned());
                        line.say("235 welcome")?;
                    } else {
                        // As unwise as some are: it says what it was told.
                        line.say(&format!("535 not with {:?}", said.rsplit('\0').next().unwrap()))?;
                    }
                }
                "RCPT" => {
                    to.push(command["RCPT TO:<".len()..].trim_end_matches('>').to_owned());
                    line.say("250 ok")?;
                }
                "DATA" => {
                    line.say("354 go on")?;
                    let text = line.read_to("\r\n.\r\n")?;
                    let letter = Letter {
                        to: std::mem::take(&mut to),
                        text,
                        secure: line.is_secure(),
                        user: user.clone(),
                    };
                    let before = {
                        let mut letters = self.letters.lock().unwrap();
                        letters.push(letter.clone());
                        letters.len() - 1
                    };
                    match (self.answer)(before, &letter) {
                        Some(answer) => line.say(answer)?,
                        None => return Ok(()),
                    }
                }
                "QUIT" => return line.say("221 bye"),
                _ => line.say("250 ok")?,
            }
        }
    }
}
