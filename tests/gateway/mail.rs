//! Notices by mail: sent over TLS by who may, tried again, once for each occasion, and never lost.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use epcgate::access::Caller;
use epcgate::dscsa::Decision;
use epcgate::dscsa::HoldKind;
use epcgate::dscsa::HoldScope;
use epcgate::gs1::Gtin;
use epcgate::notices;
use epcgate::notices::Notice;
use epcgate::notices::NoticeKind;
use epcgate::notices::Sent;
use epcgate::store::Mail;
use epcgate::store::MailState;
use epcgate::store::Store;
use epcgate::transport::Mailer;
use epcgate::transport::mail::Security;
use epcgate::transport::mail::Settings;

use crate::harness::TestGateway;
use crate::https::Authority;
use crate::smtp::Answer;
use crate::smtp::Letter;
use crate::smtp::Server;
use crate::smtp::Speaks;
use crate::smtp::USER;

const PASSWORD: &str = "correct horse";
const TAKEN: Answer = Some("250 taken");

/// A mail server and what a gateway needs to send by it.
struct Post {
    authority: Authority,
    server: Server,
    settings: Settings,
}

impl Post {
    fn start(speaks: Speaks, answer: impl Fn(usize, &Letter) -> Answer + Send + Sync + 'static) -> Post {
        let authority = Authority::new();
        let server = Server::start(speaks, authority.identity("smtp"), PASSWORD, answer);
        let password_file = authority.folder().join("password");
        fs::write(&password_file, PASSWORD).unwrap();
        let settings = Settings {
            host: "localhost".to_owned(),
            port: server.port,
            security: if speaks == Speaks::Tls { Security::Tls } else { Security::Starttls },
            user: USER.to_owned(),
            password_file,
            from: "epcgate <gate@example.com>".to_owned(),
            roots: vec![authority.root()],
            seconds: 5,
        };
        Post { authority, server, settings }
    }

    fn mailer(&self) -> Mailer {
        Mailer::new(&self.settings).unwrap().unwrap()
    }
}

fn readers() -> notices::Settings {
    let urgent = vec!["officer@example.com".to_owned()];
    notices::Settings { urgent, ..notices::Settings::default() }
}

fn open(folder: &Path) -> Store {
    Store::open(folder.join("epcgate.db").to_str().unwrap(), &Default::default()).unwrap()
}

fn put(store: &Store, occasion: &str, now: DateTime<Utc>) {
    let notice = Notice {
        kind: NoticeKind::Urgent,
        occasions: vec![occasion.to_owned()],
        subject: format!("about {occasion}"),
        body: "something\n".to_owned(),
    };
    assert_eq!(notices::put(store, &readers(), &notice, now).unwrap(), 1);
}

fn send(store: &Store, mailer: &Mailer, now: DateTime<Utc>) -> Sent {
    notices::send_due(store, mailer, &readers(), (&|| now, &|| false)).unwrap()
}

fn mails(store: &Store) -> Vec<Mail> {
    store.mails(&Caller::operator(), None, None, 1_000).unwrap()
}

#[test]
fn a_gateway_tells_of_illegitimate_product_by_itself() {
    let post = Post::start(Speaks::Starttls, |_, _| TAKEN);
    let folder = tempfile::tempdir().unwrap();
    let scope = HoldScope::lot(Gtin::parse("00300010123455").unwrap(), "A1").unwrap();
    // What a stranger writes never becomes a header, a command or an end of the letter.
    let why = "forged\r\n.\r\nMAIL FROM:<x@example.com>\r\nBcc: y@example.com";
    let decision = Decision::new("someone", Utc::now(), why).unwrap();
    open(folder.path()).open_hold(&Caller::operator(), HoldKind::Illegitimate, &scope, &decision).unwrap();
    let gateway = TestGateway::in_folder(folder, |settings| {
        settings.mail = post.settings.clone();
        settings.notices = readers();
    });
    let began = Instant::now();
    while mails(gateway.store()).iter().all(|mail| mail.state != MailState::Sent) {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", mails(gateway.store()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let letters = post.server.letters();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!((letter.secure, letter.user.as_deref()), (true, Some(USER)));
    assert_eq!(letter.to, ["officer@example.com"]);
    assert!(letter.header("Subject").contains("24-hour notice"), "{}", letter.text);
    assert_eq!(letter.header("Message-ID"), format!("<{}@example.com>", mails(gateway.store())[0].id));
    assert!(!letter.text.lines().any(|line| line.starts_with("Bcc:")), "{}", letter.text);
    assert!(post.server.sign_ins().iter().all(|(secure, _)| *secure));
}

#[test]
fn letters_go_over_tls_from_the_first_byte() {
    let post = Post::start(Speaks::Tls, |_, _| TAKEN);
    let folder = tempfile::tempdir().unwrap();
    let (store, now) = (open(folder.path()), Utc::now());
    put(&store, "x", now);
    assert_eq!(send(&store, &post.mailer(), now), Sent { sent: 1, ..Sent::default() });
    assert!(post.server.letters()[0].secure);
    assert_eq!(mails(&store)[0].said, "taken");
}

#[test]
fn nothing_is_said_to_a_server_that_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (store, now) = (open(folder.path()), Utc::now());
    put(&store, "x", now);
    let plain = Post::start(Speaks::Plain, |_, _| TAKEN);
    let stranger = Post::start(Speaks::Starttls, |_, _| TAKEN);
    let trusting_another = Settings { roots: vec![plain.authority.root()], ..stranger.settings.clone() };
    let trusting_another = Mailer::new(&trusting_another).unwrap().unwrap();
    let mut at = now;
    for (mailer, words) in [(plain.mailer(), "no STARTTLS"), (trusting_another, "certificate")] {
        assert_eq!(send(&store, &mailer, at), Sent { put_off: 1, ..Sent::default() });
        let mail = mails(&store).remove(0);
        assert_eq!(mail.state, MailState::Waiting);
        assert!(mail.said.contains(words), "{}", mail.said);
        at = mail.next;
    }
    for server in [&plain.server, &stranger.server] {
        assert!(server.letters().is_empty() && server.sign_ins().is_empty());
    }
}

#[test]
fn a_letter_that_is_put_off_comes_later_and_one_that_is_refused_never() {
    let post = Post::start(Speaks::Starttls, |before, letter| match letter.header("Subject") {
        "about refused" => Some("550 no such mailbox"),
        _ if before == 0 => Some("451 try later"),
        _ => TAKEN,
    });
    let folder = tempfile::tempdir().unwrap();
    let (store, mailer, now) = (open(folder.path()), post.mailer(), Utc::now());
    put(&store, "slow", now);
    assert_eq!(send(&store, &mailer, now), Sent { put_off: 1, ..Sent::default() });
    assert_eq!(send(&store, &mailer, now + TimeDelta::seconds(59)), Sent::default());
    assert_eq!(send(&store, &mailer, now + TimeDelta::seconds(60)), Sent { sent: 1, ..Sent::default() });
    put(&store, "refused", now);
    assert_eq!(send(&store, &mailer, now), Sent { dead: 1, ..Sent::default() });
    let dead = mails(&store).into_iter().find(|mail| mail.state == MailState::Dead).unwrap();
    assert!(dead.said.contains("no such mailbox"), "{}", dead.said);
    assert!(store.replay_mail(&Caller::operator(), &dead.id, now).unwrap());
    assert_eq!(send(&store, &mailer, now).dead, 1);
    let ids: Vec<String> =
        post.server.letters().iter().map(|letter| letter.header("Message-ID").to_owned()).collect();
    assert!(ids[0] == ids[1] && ids[2] == ids[3] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn who_is_not_let_in_gives_no_letter_up_and_does_not_tell_the_password() {
    let post = Post::start(Speaks::Starttls, |_, _| TAKEN);
    fs::write(&post.settings.password_file, "hunter2-of-yesterday").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (store, mailer, now) = (open(folder.path()), post.mailer(), Utc::now());
    put(&store, "x", now);
    assert_eq!(send(&store, &mailer, now).put_off, 1);
    let mail = mails(&store).remove(0);
    assert!(mail.said.contains("535") && !mail.said.contains("hunter2"), "{}", mail.said);
    // The new password is read without a restart.
    fs::write(&post.settings.password_file, PASSWORD).unwrap();
    assert_eq!(send(&store, &mailer, mail.next).sent, 1);
}

#[test]
fn a_letter_of_a_server_that_hangs_up_is_sent_again_under_the_same_id() {
    let post = Post::start(Speaks::Starttls, |before, _| if before == 0 { None } else { TAKEN });
    let folder = tempfile::tempdir().unwrap();
    let (store, mailer, now) = (open(folder.path()), post.mailer(), Utc::now());
    put(&store, "x", now);
    assert_eq!(send(&store, &mailer, now).put_off, 1);
    assert_eq!(send(&store, &mailer, now + TimeDelta::minutes(1)).sent, 1);
    let letters = post.server.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].text, letters[1].text);
}

#[test]
fn a_sender_killed_before_the_answer_loses_nothing() {
    let (said, heard) = std::sync::mpsc::sync_channel::<()>(1);
    let post = Post::start(Speaks::Starttls, move |before, _| {
        if before == 0 {
            said.send(()).unwrap();
            // Longer than the sender lives.
            std::thread::sleep(Duration::from_secs(30));
        }
        TAKEN
    });
    let folder = tempfile::tempdir().unwrap();
    let (store, now) = (open(folder.path()), Utc::now());
    put(&store, "x", now);
    let config = folder.path().join("epcgate.toml");
    let Settings { port, password_file, .. } = &post.settings;
    let text = format!(
        "[mail]\nhost = \"localhost\"\nport = {port}\nuser = {USER:?}\npassword_file = {password_file:?}\n\
         from = \"gate@example.com\"\nroots = [{:?}]\n[notices]\nurgent = [\"officer@example.com\"]\n",
        post.authority.root()
    );
    fs::write(&config, text).unwrap();
    let mut sender = Command::new(env!("CARGO_BIN_EXE_epcgate"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .arg("--database")
        .arg(folder.path().join("epcgate.db"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let came = heard.recv_timeout(Duration::from_secs(120));
    sender.kill().unwrap();
    sender.wait().unwrap();
    came.unwrap();
    let mail = mails(&store).remove(0);
    assert_eq!((mail.state, mail.tries), (MailState::Waiting, 1));
    // Nobody else sends it while the killed one might still be doing so.
    assert_eq!(send(&store, &post.mailer(), Utc::now()), Sent::default());
    assert_eq!(send(&store, &post.mailer(), mail.next).sent, 1);
    let letters = post.server.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].header("Message-ID"), letters[1].header("Message-ID"));
}

#[test]
fn several_processes_send_each_letter_once() {
    const LETTERS: usize = 24;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("epcgate.db").to_str().unwrap().to_owned();
    for url in [file, crate::postgres::database("mails")] {
        let post = Post::start(Speaks::Starttls, |_, _| TAKEN);
        let open = || Store::open(&url, &Default::default()).unwrap();
        let (store, now) = (open(), Utc::now());
        for number in 0..LETTERS {
            put(&store, &format!("occasion {number}"), now);
        }
        let (senders, post) = ([open(), open(), open()], &post);
        let sent: u64 = std::thread::scope(|scope| {
            let sending = senders.iter().map(|own| scope.spawn(move || send(own, &post.mailer(), now).sent));
            let sending: Vec<_> = sending.collect();
            sending.into_iter().map(|one| one.join().unwrap()).sum()
        });
        let mut ids: Vec<String> =
            post.server.letters().iter().map(|letter| letter.header("Message-ID").to_owned()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(
            (sent, ids.len(), post.server.letters().len()),
            (LETTERS as u64, LETTERS, LETTERS),
            "{url}"
        );
    }
}
