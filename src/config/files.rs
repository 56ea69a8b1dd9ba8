//! Settings that are secret, or name a file with one: who may read that file, and what is never shown.

use std::fs;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::check::Remark;
use crate::config::layers::Said;
use crate::transport::secret;
use crate::transport::secret_place;

/// What is shown in the place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// Ends of keys whose values are secret themselves.
const SECRETS: [&str; 6] = ["password", "secret", "token", "passphrase", "pin", "api_key"];

/// Settings that name files with private keys.
const KEYS: [&str; 2] = ["tls.key", "audit.key_file"];

/// Parameters of a database's URL that are secret.
const PARAMETERS: [&str; 2] = ["password", "sslpassword"];

/// True for a key whose value is never shown.
pub(super) fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default();
    SECRETS
        .iter()
        .any(|end| last.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// A text with the password of a URL in it left out: in front of the host, and among the parameters.
pub(super) fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    // A password may hold an @ that nobody escaped.
    let host = rest.rfind('@').filter(|at| *at < end || !rest.get(..*at).unwrap_or_default().contains('?'));
    let shown = match host.and_then(|at| Some((rest.get(..at)?, rest.get(at..)?))) {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:{HIDDEN}{host}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    };
    let Some((place, query)) = shown.split_once('?') else { return shown };
    let kept = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if PARAMETERS.contains(&name) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    format!("{place}?{}", kept.collect::<Vec<_>>().join("&"))
}

/// What is wrong with files that hold secrets.
pub(super) fn remarks(said: &[Said]) -> Vec<Remark> {
    said.iter()
        .filter(|said| {
            said.key() == "tls.key" || said.path.last().is_some_and(|last| last.ends_with("_file"))
        })
        .filter_map(|said| Some((said.key(), said.value.as_str()?)))
        .filter(|(_, file)| !file.is_empty())
        .filter_map(|(key, file)| unfit(&key, Path::new(file)))
        .collect()
}

fn unfit(key: &str, file: &Path) -> Option<Remark> {
    let place = secret_place(file);
    let shown = place.display();
    let about = match fs::metadata(&place) {
        Ok(about) => about,
        // It is made at the first start.
        Err(error) if key == "audit.key_file" && error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            let mend = format!(
                "make the file, readable by the user that runs epcgate alone: install -m 600 /dev/stdin {shown}"
            );
            return Some(Remark::error(key, format!("{shown} cannot be read: {error}"), mend));
        }
    };
    if !about.is_file() {
        return Some(Remark::error(key, format!("{shown} is no file"), "name a file that holds the secret"));
    }
    if let Some((what, mend)) = exposed(&about, &place) {
        return Some(Remark::error(key, what, mend));
    }
    // Private keys have several lines; whoever uses them judges them.
    if KEYS.contains(&key) {
        return None;
    }
    secret(file)
        .err()
        .map(|error| Remark::error(key, error.to_string(), "write the secret into it, in one line"))
}

/// Who else may read or change a file with a secret.
fn exposed(about: &Metadata, place: &Path) -> Option<(String, String)> {
    let (mode, owner) = (about.mode() & 0o777, about.uid());
    let shown = place.display();
    let ours = fs::metadata("/proc/self").map_or(owner, |process| process.uid());
    if owner != ours && owner != 0 {
        let what = format!("{shown} belongs to user {owner}, who can read and change it");
        return Some((what, format!("give it to root or to the user that runs epcgate: chown root {shown}")));
    }
    // A group may read it, as that of the service reads what root owns; nobody else may.
    if mode & 0o037 != 0 {
        let what = format!("{shown} has mode {mode:04o}, so that others than its owner can get at it");
        return Some((what, format!("chmod 600 {shown}, or 640 where its group is that of the service")));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn passwords_of_urls_are_left_out() {
        for (url, shown) in [
            (
                "postgres://u:hunter2@h:5432/d?sslmode=require",
                "postgres://u:(hidden)@h:5432/d?sslmode=require",
            ),
            ("postgres://u:hun@ter2@h/d", "postgres://u:(hidden)@h/d"),
            ("postgres://u:a/hunter2@h/d", "postgres://u:(hidden)@h/d"),
            ("postgres://u@h/d?password=hunter2&a=b", "postgres://u@h/d?password=(hidden)&a=b"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("sqlite:/var/lib/x", "sqlite:/var/lib/x"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn secret_keys_are_known_by_their_ends() {
        for (key, secret) in [
            ("mail.password", true),
            ("access.oidc.client_secret", true),
            ("mail.password_file", false),
            ("tls.key", false),
            ("routing.providers.a.key_header", false),
            ("x.shopping", false),
        ] {
            assert_eq!(is_secret(key), secret, "{key}");
        }
    }

    fn check(mode: u32, content: &str, word: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let found = unfit("mail.password_file", &path);
        match (found, word) {
            (None, None) => {}
            (Some(remark), Some(word)) => assert!(remark.what.contains(word), "{}", remark.what),
            (found, _) => panic!("{mode:o} {content:?}: {:?}", found.map(|remark| remark.what)),
        }
    }

    #[test]
    fn a_secret_is_for_its_owner_alone() {
        check(0o600, "x", None);
        check(0o640, "x", None);
        check(0o400, "x", None);
        check(0o644, "x", Some("0644"));
        check(0o660, "x", Some("0660"));
        check(0o600, "", Some("empty"));
        assert!(unfit("a", Path::new("/none/here")).unwrap().what.contains("cannot be read"));
        assert!(unfit("a", Path::new("/")).unwrap().what.contains("no file"));
    }
}
