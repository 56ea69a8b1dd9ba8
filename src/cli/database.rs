//! Which database a verb works on.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use chrono::Utc;
use secrecy::ExposeSecret;

use crate::access::OPERATOR;
use crate::config::Settings;
use crate::dscsa::AuditEntry;
use crate::store::Store;
use crate::transport::secret;

/// Where a gateway keeps what it has when nothing else is said.
pub(super) const DATA_DIR: &str = "epcgate-data";

/// Where the package puts the settings of a machine.
const MACHINE: &str = "/etc/epcgate/epcgate.toml";

/// The file of settings: the one named, else that of the machine where there is one.
pub(super) fn configured(named: Option<&Path>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| Some(PathBuf::from(MACHINE)).filter(|file| file.exists()))
}

/// The database of a gateway, and its settings.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "kept_in")]
pub(super) struct Choice {
    /// The folder of an embedded database, made where it does not exist [default: epcgate-data]
    #[arg(long, value_name = "DIR", env = "EPCGATE_DATA_DIR", global = true, conflicts_with = "database")]
    pub(super) data_dir: Option<PathBuf>,
    /// A database by its URL: `sqlite:PATH`, or `postgres://…` with the parameters of libpq such as `sslmode=verify-full`
    #[arg(long, value_name = "URL", env = "EPCGATE_DATABASE", global = true, hide_env_values = true)]
    pub(super) database: Option<String>,
    /// Settings that stand over the built-in ones [default: /etc/epcgate/epcgate.toml where it exists]
    #[arg(long, value_name = "FILE", env = "EPCGATE_CONFIG", global = true)]
    pub(super) config: Option<PathBuf>,
}

impl Choice {
    /// Reads the settings; what is kept beside the database and has no place there is put into its folder.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::read(configured(self.config.as_deref()).as_deref())?;
        if settings.audit.key_file.as_os_str().is_empty() {
            settings.audit.key_file = self.folder(&settings).join("audit.key");
        }
        Ok(settings)
    }

    /// Opens the database to read from it what parties told each other, and writes down that it is.
    pub(super) fn open_to_read(&self, settings: &Settings, what: &str) -> anyhow::Result<Store> {
        let store = self.open(settings)?;
        store.audit(&[AuditEntry::done(Utc::now(), OPERATOR, "data.read", what)])?;
        Ok(store)
    }

    /// The data folder: that of the command line, else where the file of the database is, else the default one.
    fn folder(&self, settings: &Settings) -> PathBuf {
        if let Some(folder) = &self.data_dir {
            return folder.clone();
        }
        let url = self.database.as_deref().unwrap_or(&settings.database.url);
        let file = Path::new(url.strip_prefix("sqlite:").unwrap_or(url));
        match file.parent().filter(|_| !url.contains("://")) {
            Some(folder) => folder.to_owned(),
            None => PathBuf::from(DATA_DIR),
        }
    }

    /// Opens the database and brings its tables up to date: that of the command line or its environment variables, else
    /// that of the settings, else one in the default folder.
    pub(super) fn open(&self, settings: &Settings) -> anyhow::Result<Store> {
        let url = self.url(settings)?;
        if !url.starts_with("postgres") {
            let file = Path::new(url.strip_prefix("sqlite:").unwrap_or(&url));
            owned(file).with_context(|| format!("{} cannot be made", file.display()))?;
        } else if !settings.database.owner_url.is_empty() {
            Store::bring_up_to_date(&settings.database.owner_url, &settings.store)
                .context("database.owner_url")?;
        }
        Ok(Store::open(&url, &settings.store)?)
    }

    /// The URL of the database, with its password; the folder of a file is made where it does not exist.
    pub(super) fn url(&self, settings: &Settings) -> anyhow::Result<String> {
        let told = self.data_dir.is_none().then_some(settings.database.url.as_str());
        Ok(match self.database.as_deref().or(told).filter(|url| !url.is_empty()) {
            Some(url) => with_password(url, &settings.database.password_file)?,
            None => {
                let folder = self.data_dir.as_deref().unwrap_or(Path::new(DATA_DIR));
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
                let path = folder.join("epcgate.sqlite");
                path.to_str().context("the folder's name is no UTF-8")?.to_owned()
            }
        })
    }
}

/// The URL of a database with the password of a file, as one of libpq's parameters; other URLs have none.
fn with_password(url: &str, file: &Path) -> anyhow::Result<String> {
    if file.as_os_str().is_empty() || !url.starts_with("postgres") {
        return Ok(url.to_owned());
    }
    let password = secret(file).context("database.password_file")?;
    let mut escaped = String::new();
    for byte in password.expose_secret().bytes() {
        match byte.is_ascii_alphanumeric() {
            true => escaped.push(char::from(byte)),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    let sign = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{sign}password={escaped}"))
}

/// Makes a new file for who owns its folder: what root makes there, the user of the service could not write.
fn owned(file: &Path) -> io::Result<()> {
    let Some(folder) = file.parent().filter(|folder| folder.is_dir() && !file.exists()) else {
        return Ok(());
    };
    let (folder, ours) = (fs::metadata(folder)?, fs::metadata("/proc/self")?);
    if ours.uid() == 0 && folder.uid() != 0 {
        fs::File::create_new(file)?;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
        chown(file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}
