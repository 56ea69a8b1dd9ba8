//! Credentials over real TLS: a wallet's interface, and presentations judged by documents that are fetched.

use std::io::Write;

use epcgate::dscsa::verification::CorrelationId;
use epcgate::transport;
use epcgate::transport::Outbound;
use epcgate::verify::credential::Credentials;
use epcgate::verify::credential::Settings;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::https::Authority;
use crate::wallet::Mood;
use crate::wallet::Wallet;

const GLN: &str = "0300010000007";

struct Setting {
    _authority: Authority,
    wallet: Wallet,
    outbound: Outbound,
    settings: Settings,
}

fn setting() -> Setting {
    let authority = Authority::new();
    let wallet = Wallet::start(&authority.identity("wallet"));
    let roots = vec![authority.root()];
    let outbound =
        Outbound::new(&transport::Settings { allow_loopback: true, roots, ..transport::Settings::default() });
    let settings = Settings {
        wallet: wallet.url(),
        holder: wallet.holder("maker", GLN),
        trusted_issuers: vec![wallet.issuer()],
        ..Settings::default()
    };
    Setting { _authority: authority, wallet, outbound: outbound.unwrap(), settings }
}

impl Setting {
    fn credentials(&self) -> Credentials {
        Credentials::new(&self.settings, &self.outbound).unwrap()
    }

    /// What is made, or why nothing is.
    fn made(&self, correlation: &CorrelationId) -> Result<String, String> {
        match run(self.credentials().presentation(correlation)) {
            Ok(made) => Ok(made.unwrap().token.into_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn judged(&self, token: &str, correlation: &CorrelationId) -> String {
        run(self.credentials().judge(Some(token), correlation, GLN, chrono::Utc::now())).outcome.to_string()
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn correlation() -> CorrelationId {
    CorrelationId::new(uuid::Uuid::new_v4())
}

#[test]
fn a_wallet_makes_a_presentation_for_each_try_and_the_other_side_finds_it_valid() {
    let mut setting = setting();
    let correlation = correlation();
    let (first, second) = (setting.made(&correlation).unwrap(), setting.made(&correlation).unwrap());
    assert_ne!(first, second);
    assert_eq!(setting.judged(&first, &correlation), "the credential is valid");
    assert_eq!(setting.wallet.asked().len(), 3);
    setting.settings.verify_path.clear();
    assert_eq!(setting.judged(&first, &correlation), "the credential is valid");
    assert_eq!(setting.wallet.asked(), []);
    let other = CorrelationId::new(uuid::Uuid::new_v4());
    assert!(setting.judged(&first, &other).contains("(vp_nonce_invalid)"));
    let holder = setting.settings.holder.clone();
    let of = |change: &dyn Fn(&mut serde_json::Value)| {
        setting.wallet.hand().presentation(&holder, correlation.as_str(), change)
    };
    let forged = of(&|claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() - 400));
    assert!(setting.judged(&forged, &correlation).contains("(vp_iat_expired)"));
    let (signed, _) = first.rsplit_once('.').unwrap();
    let foreign = format!("{signed}.{}", second.rsplit('.').next().unwrap());
    assert!(setting.judged(&foreign, &correlation).contains("(jwt_invalid)"));
}

#[test]
fn a_holder_whose_document_cannot_be_had_is_not_judged() {
    let mut setting = setting();
    setting.settings.verify_path.clear();
    let correlation = correlation();
    let token =
        setting.wallet.hand().presentation("did:web:localhost%3A1:maker", correlation.as_str(), |_| {});
    let judged = setting.judged(&token, &correlation);
    assert!(judged.contains("not judged") && judged.contains("no connection"), "{judged}");
}

#[test]
fn what_a_wallet_refuses_or_spoils_is_no_presentation() {
    let setting = setting();
    for (mood, words) in [
        (Mood::Declines, "vc_not_found, vc_odd, not today"),
        (Mood::WrongNonce, "its nonce is not the corrUUID"),
        (Mood::Html, "no JSON"),
    ] {
        setting.wallet.set(mood);
        let error = setting.made(&correlation()).unwrap_err();
        assert!(error.contains(words), "{mood:?}: {error}");
    }
    setting.wallet.set(Mood::Misspelt);
    setting.made(&correlation()).unwrap();
}

#[test]
fn a_wallet_that_does_not_judge_leaves_it_to_the_gateway() {
    let setting = setting();
    let correlation = correlation();
    let token = setting.made(&correlation).unwrap();
    setting.wallet.set(Mood::Declines);
    let no = "the credential is not valid (vc_not_found): not today";
    assert_eq!(setting.judged(&token, &correlation), no);
    setting.wallet.set(Mood::Html);
    let judged = run(setting.credentials().judge(Some(&token), &correlation, GLN, chrono::Utc::now()));
    assert!(judged.outcome.is_valid(), "{judged:?}");
    assert!(judged.evidence.notices[0].contains("no JSON"), "{judged:?}");
}

#[test]
fn access_tokens_come_from_a_file_or_are_granted_and_renewed() {
    let mut setting = setting();
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "of-a-file").unwrap();
    setting.settings.token_file = file.path().to_owned();
    setting.made(&correlation()).unwrap();
    let authorizations = |setting: &Setting| {
        let asked = setting.wallet.asked();
        asked.into_iter().filter_map(|(_, authorization)| authorization).collect::<Vec<_>>()
    };
    assert_eq!(authorizations(&setting), ["Bearer of-a-file"]);
    setting.settings.token_url = format!("{}/token", setting.wallet.url());
    setting.settings.client_id = "us".to_owned();
    setting.settings.client_secret_file = file.path().to_owned();
    let credentials = setting.credentials();
    for _ in 0..2 {
        run(credentials.presentation(&correlation())).unwrap();
    }
    let basic = "Basic dXM6b2YtYS1maWxl";
    let expected = [basic, "Bearer granted-1", basic, "Bearer granted-2", "Bearer granted-2"];
    assert_eq!(authorizations(&setting), expected);
}
