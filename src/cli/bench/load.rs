//! Load: many connections kept open by one thread each some, asking as fast as answers come, or at a steady pace.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use tokio::net::TcpStream;
use tokio::time::sleep_until;

/// Longest head and body that are read.
const MOST_ANSWER: usize = 16_384;

/// What is asked, and what must be in each answer.
pub(super) trait Questions: Clone + Send + 'static {
    /// Writes the next request into an empty buffer.
    fn write_next(&mut self, request: &mut Vec<u8>);

    /// True where an answer is as it should be.
    fn is_right(&self, answer: &[u8]) -> bool;
}

/// How it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Whom.
    pub(super) address: SocketAddr,
    /// Threads that ask.
    pub(super) threads: usize,
    /// Connections of each of them.
    pub(super) connections: usize,
    /// For how long.
    pub(super) time: Duration,
    /// Questions a second of all together; as fast as answers come where there is none.
    pub(super) pace: Option<f64>,
}

impl Load {
    /// Asks, and tells how long each answer took; fails on an answer that is not right.
    ///
    /// At a pace, a question that could not be sent in time because the answer before it was late counts from when it was
    /// due.
    pub(super) fn run<Q: Questions>(
        self,
        questions: impl Fn(usize) -> Q,
    ) -> anyhow::Result<(Duration, Vec<Duration>)> {
        let began = Instant::now();
        let asking: Vec<_> = (0..self.threads)
            .map(|thread| {
                let all: Vec<Q> =
                    (0..self.connections).map(|at| questions(thread * self.connections + at)).collect();
                thread::spawn(move || self.ask(all))
            })
            .collect();
        let mut took = Vec::new();
        for thread in asking {
            let ended = thread.join().map_err(|_| anyhow::anyhow!("a thread that asks ended in a panic"))?;
            took.extend(ended?);
        }
        Ok((began.elapsed(), took))
    }

    fn ask<Q: Questions>(self, all: Vec<Q>) -> anyhow::Result<Vec<Duration>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let until = Instant::now() + self.time;
            let count = all.len();
            let asking = all.into_iter().enumerate().map(|(at, questions)| {
                let share = at as f64 / count as f64;
                self.connection(questions, until, share)
            });
            let ended = futures_util::future::try_join_all(asking).await?;
            Ok(ended.into_iter().flatten().collect())
        })
    }

    async fn connection<Q: Questions>(
        self,
        mut questions: Q,
        until: Instant,
        share: f64,
    ) -> anyhow::Result<Vec<Duration>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let step =
            self.pace.map(|pace| Duration::from_secs_f64((self.threads * self.connections) as f64 / pace));
        let mut due = Instant::now() + step.unwrap_or_default().mul_f64(share);
        let (mut request, mut answer, mut took) = (Vec::new(), Vec::new(), Vec::new());
        while Instant::now() < until {
            let mut began = Instant::now();
            if let Some(step) = step {
                if began < due {
                    sleep_until(due.into()).await;
                    began = Instant::now();
                } else {
                    began = due;
                }
                due += step;
            }
            request.clear();
            questions.write_next(&mut request);
            send(&stream, &request).await?;
            receive(&stream, &mut answer).await?;
            took.push(began.elapsed());
            if !questions.is_right(&answer) {
                anyhow::bail!("a wrong answer: {}", String::from_utf8_lossy(&answer));
            }
        }
        Ok(took)
    }
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> anyhow::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads one answer: its head, and as many bytes as that announces.
async fn receive(stream: &TcpStream, answer: &mut Vec<u8>) -> anyhow::Result<()> {
    answer.clear();
    let mut room = [0; 2_048];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut room) {
            Ok(0) => anyhow::bail!("the connection was closed"),
            Ok(read) => answer.extend_from_slice(room.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        }
        anyhow::ensure!(answer.len() <= MOST_ANSWER, "an answer is too long");
        if is_whole(answer)? {
            return Ok(());
        }
    }
}

fn is_whole(answer: &[u8]) -> anyhow::Result<bool> {
    let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { return Ok(false) };
    let head = answer.get(..end).unwrap_or_default();
    let at = memchr::memmem::find(head, b"content-length: ").context("an answer does not say its length")?;
    let digits = head.get(at + 16..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length: usize, digit| length * 10 + usize::from(digit - b'0'));
    Ok(answer.len() >= end + 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &[u8], expected: Option<bool>) {
        assert_eq!(is_whole(answer).ok(), expected);
    }

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n", Some(false));
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", Some(false));
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc", Some(true));
        check(b"HTTP/1.1 200 OK\r\n\r\nabc", None);
    }
}
