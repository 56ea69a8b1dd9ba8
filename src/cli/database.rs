//! Which database a verb works on.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;

use crate::config::Settings;
use crate::store::Store;

/// Where a gateway keeps what it has when nothing else is said.
pub(super) const DATA_DIR: &str = "epcgate-data";

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
    /// Settings that stand over the built-in ones
    #[arg(long, value_name = "FILE", env = "EPCGATE_CONFIG", global = true)]
    pub(super) config: Option<PathBuf>,
}

impl Choice {
    /// Reads the settings.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings::read(self.config.as_deref())?)
    }

    /// Opens the database and brings its tables up to date: that of the command line or its environment variables, else
    /// that of the settings, else one in the default folder.
    pub(super) fn open(&self, settings: &Settings) -> anyhow::Result<Store> {
        let told = self.data_dir.is_none().then_some(settings.database.url.as_str());
        let url = match self.database.as_deref().or(told).filter(|url| !url.is_empty()) {
            Some(url) => url.to_owned(),
            None => {
                let folder = self.data_dir.as_deref().unwrap_or(Path::new(DATA_DIR));
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
                let path = folder.join("epcgate.sqlite");
                path.to_str().context("the folder's name is no UTF-8")?.to_owned()
            }
        };
        Ok(Store::open(&url, &settings.store)?)
    }
}
