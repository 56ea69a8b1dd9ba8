//! Mail: hands letters to the operator's own SMTP server, over TLS (RFC 5321, RFC 3207, RFC 8314).

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use chrono::DateTime;
use chrono::Utc;
use lettre::Address;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::message::header::HeaderName;
use lettre::message::header::HeaderValue;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::CertificateStore;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use serde::Deserialize;
use thiserror::Error;

use crate::transport::crypto;
use crate::transport::secret;

/// Characters that a subject has at most.
const LONGEST_SUBJECT: usize = 200;

/// Ways of signing in that are tried, the first that the server knows; all are inside TLS.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// The SMTP server that takes our mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name or address; empty where no mail is sent.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// Who we are there; empty where it asks for no sign-in.
    pub user: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// The address that mail comes from: `name@host`, or `Name <name@host>`.
    pub from: String,
    /// PEM files of certificate authorities that are trusted besides those of the system.
    pub roots: Vec<PathBuf>,
    /// Seconds that each answer of the server may take.
    pub seconds: u64,
}

/// How a connection to the server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// It begins as plain text and is TLS before anything is said; without TLS nothing is sent (RFC 3207).
    #[default]
    Starttls,
    /// It is TLS from the first byte (RFC 8314).
    Tls,
    /// It is plain text, which is taken for a server on this machine alone.
    None,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            host: String::new(),
            port: 587,
            security: Security::default(),
            user: String::new(),
            password_file: PathBuf::new(),
            from: String::new(),
            roots: Vec::new(),
            seconds: 30,
        }
    }
}

/// A letter to one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its name, the left part of its Message-ID: the same however often it is sent.
    pub id: String,
    /// Whom it goes to: `name@host`, or `Name <name@host>`.
    pub to: String,
    /// What it is about, in one line; control characters in it become spaces.
    pub subject: String,
    /// What it says, in lines of plain text.
    pub body: String,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// Why a letter was not taken.
#[derive(Debug, Error)]
pub enum MailError {
    /// A setting under `[mail]` cannot be used.
    #[error("mail.{0}")]
    Setting(String),
    /// The server cannot be reached, or does not let us in; it has nothing to do with this letter.
    #[error("{0}")]
    Unreachable(String),
    /// The server asks us to come again with this letter, or broke off.
    #[error("{0}")]
    Later(String),
    /// The server does not take this letter, and will not.
    #[error("{0}")]
    Refused(String),
}

/// Hands letters to the server.
pub struct Mailer {
    settings: Settings,
    from: Mailbox,
    tls: Option<TlsParameters>,
}

impl Mailer {
    /// `None` where the settings name no server; fails where they cannot be used.
    pub fn new(settings: &Settings) -> Result<Option<Mailer>, MailError> {
        if settings.host.is_empty() {
            return Ok(None);
        }
        let from = address(&settings.from).map_err(|why| MailError::Setting(format!("from: {why}")))?;
        if settings.security == Security::None {
            let local = matches!(settings.host.as_str(), "localhost" | "127.0.0.1" | "::1");
            if !local || !settings.user.is_empty() {
                let why =
                    "none is for a server on this machine that asks for no sign-in; write starttls or tls";
                return Err(MailError::Setting(format!("security: {why}")));
            }
        }
        if !settings.user.is_empty() {
            secret(&settings.password_file)
                .map_err(|error| MailError::Setting(format!("password_file: {error}")))?;
        }
        let tls = (settings.security != Security::None).then(|| parameters(settings)).transpose()?;
        Ok(Some(Mailer { settings: settings.clone(), from, tls }))
    }

    /// Sends one letter over a connection of its own; gives what the server said when it took it.
    ///
    /// The password is read anew each time, so that it can be changed while we run.
    pub fn send(&self, letter: &Letter) -> Result<String, MailError> {
        let message = self.message(letter)?;
        let mut connection = self.connect()?;
        let taken = connection.send(message.envelope(), &message.formatted());
        let answer = taken.map_err(|error| match error.is_permanent() {
            true => MailError::Refused(self.told(&error)),
            false => MailError::Later(self.told(&error)),
        })?;
        // It has been taken, whatever becomes of the farewell.
        let _ = connection.quit();
        Ok(answer.message().collect::<Vec<_>>().join(" "))
    }

    fn connect(&self) -> Result<SmtpConnection, MailError> {
        crypto::use_ring();
        let Settings { host, port, security, user, seconds, .. } = &self.settings;
        let later =
            |error: smtp::Error| MailError::Unreachable(format!("{host}:{port}: {}", self.told(&error)));
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let wrapped = self.tls.as_ref().filter(|_| *security == Security::Tls);
        let timeout = Some(Duration::from_secs((*seconds).max(1)));
        let server = (host.as_str(), *port);
        let mut connection =
            SmtpConnection::connect(server, timeout, &hello, wrapped, None).map_err(later)?;
        if let Some(tls) = self.tls.as_ref().filter(|_| *security == Security::Starttls) {
            if !connection.can_starttls() {
                let why = "it offers no STARTTLS, and nothing is sent without";
                return Err(MailError::Unreachable(format!("{host}:{port}: {why}")));
            }
            connection.starttls(tls, &hello).map_err(later)?;
        }
        if !user.is_empty() {
            let password = secret(&self.settings.password_file)
                .map_err(|error| MailError::Unreachable(format!("mail.password_file: {error}")))?;
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            // Whatever it says: it is about our sign-in, and not about the letter.
            connection.auth(&MECHANISMS, &credentials).map_err(later)?;
        }
        Ok(connection)
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        let to = address(&letter.to).map_err(|why| MailError::Refused(format!("{:?}: {why}", letter.to)))?;
        let id = format!("<{}@{}>", letter.id, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(in_one_line(&letter.subject))
            .message_id(Some(id))
            .date(SystemTime::from(letter.at))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(in_lines(&letter.body))
            .map_err(|error| MailError::Refused(format!("it cannot be written as mail: {error}")))
    }

    /// What went wrong, in the words of the server, without the password should it repeat it.
    fn told(&self, error: &smtp::Error) -> String {
        let words = error.to_string();
        let Ok(password) = secret(&self.settings.password_file) else { return words };
        words.replace(password.expose_secret(), "(hidden)")
    }
}

/// Reads an address with or without a name in front; no line break is part of either.
fn address(text: &str) -> Result<Mailbox, String> {
    if text.contains(char::is_control) {
        return Err("an address has no control characters in it".to_owned());
    }
    let read = text.parse::<Mailbox>().or_else(|error| {
        let bare: Result<Address, _> = text.trim().parse();
        bare.map(|email| Mailbox::new(None, email)).map_err(|_| error)
    });
    read.map_err(|error| format!("it is no e-mail address such as name@host: {error}"))
}

/// True for what mail can be sent to: `name@host`, or `Name <name@host>`.
pub fn is_mail_address(text: &str) -> bool {
    address(text).is_ok()
}

fn in_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SUBJECT).collect()
}

fn in_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
        .collect()
}

fn parameters(settings: &Settings) -> Result<TlsParameters, MailError> {
    crypto::use_ring();
    let mut builder = TlsParameters::builder(settings.host.clone()).certificate_store(CertificateStore::None);
    let mut trusted: Vec<CertificateDer<'static>> = rustls_native_certs::load_native_certs().certs;
    for path in &settings.roots {
        trusted.extend(authorities(path)?);
    }
    for authority in trusted {
        // Those of the system that cannot be read are of no use to anybody.
        if RootCertStore::empty().add(authority.clone()).is_ok() {
            let der = Certificate::from_der(authority.to_vec()).map_err(unusable)?;
            builder = builder.add_root_certificate(der);
        }
    }
    builder.build().map_err(unusable)
}

fn unusable(error: smtp::Error) -> MailError {
    MailError::Setting(format!("roots: {error}"))
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, MailError> {
    let unusable = |why: String| MailError::Setting(format!("roots: {}: {why}", path.display()));
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() {
        return Err(unusable("there is no certificate in PEM form in it".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(change: impl FnOnce(&mut Settings)) -> Result<Option<Mailer>, String> {
        let mut settings = Settings {
            host: "localhost".to_owned(),
            security: Security::None,
            from: "epcgate <gate@example.com>".to_owned(),
            ..Settings::default()
        };
        change(&mut settings);
        Mailer::new(&settings).map_err(|error| error.to_string())
    }

    fn letter(to: &str, subject: &str, body: &str) -> Letter {
        let at = DateTime::from_timestamp(1_795_500_000, 0).unwrap();
        Letter {
            id: "1-2-3".to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            body: body.to_owned(),
            at,
        }
    }

    /// The head and the body of a letter as it goes over the wire.
    fn written(letter: &Letter) -> (String, String) {
        let mailer = mailer(|_| {}).unwrap().unwrap();
        let text = String::from_utf8(mailer.message(letter).unwrap().formatted()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn a_letter_keeps_its_message_id() {
        let (head, body) = written(&letter("a@example.com", "Something", "one\ntwo"));
        assert!(head.contains("Message-ID: <1-2-3@example.com>"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert_eq!(body, "one\r\ntwo");
    }

    #[test]
    fn nothing_can_be_put_into_the_head() {
        let (head, _) = written(&letter("a@example.com", "x\r\nBcc: b@example.com\r\n\r\nevil", "y"));
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let (_, body) =
            written(&letter("a@example.com", "x", "y\r\n.\r\nMAIL FROM:<b@example.com>\u{1b}[2J\r"));
        assert!(!body.contains('\u{1b}'), "{body}");
        let mailer = mailer(|_| {}).unwrap().unwrap();
        for to in [
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com>\r\nRCPT TO:<b@example.com",
            "a",
            "",
            "a@b\n",
        ] {
            assert!(matches!(mailer.message(&letter(to, "x", "y")), Err(MailError::Refused(_))), "{to:?}");
        }
        // What looks like two addresses is none.
        assert!(!is_mail_address("a@example.com, b@example.com"));
        assert!(is_mail_address("Some One <a@example.com>"));
    }

    #[test]
    fn words_of_other_scripts_are_written_in_ascii() {
        let (head, body) = written(&letter("a@example.com", "Größe ✓", "naïve ✓"));
        assert!(head.is_ascii() && body.is_ascii(), "{head} {body}");
    }

    fn check(change: impl FnOnce(&mut Settings), words: &str) {
        let said = mailer(change).err().unwrap_or_default();
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        assert!(mailer(|settings| settings.host.clear()).unwrap().is_none());
        check(|settings| settings.from = "nobody".to_owned(), "mail.from");
        check(|settings| settings.host = "mail.example.com".to_owned(), "mail.security");
        check(|settings| settings.user = "someone".to_owned(), "mail.security");
        let tls = |settings: &mut Settings| settings.security = Security::Tls;
        check(|settings| (tls(settings), settings.user = "someone".to_owned()).1, "mail.password_file");
        check(|settings| (tls(settings), settings.roots = vec!["none.pem".into()]).1, "mail.roots: none.pem");
    }
}
