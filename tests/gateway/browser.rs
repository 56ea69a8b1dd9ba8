//! A real Chromium, driven through WebDriver, with the keys that a scanner types.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use epcgate::transport::use_ring;
use fantoccini::Client;
use fantoccini::ClientBuilder;
use fantoccini::Locator;
use fantoccini::actions::InputSource;
use fantoccini::actions::KeyAction;
use fantoccini::actions::KeyActions;
use fantoccini::key::Key;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const MISSING: &str =
    "the tests of the pages need Chromium and its driver: apt-get install chromium chromium-driver";

/// The accessibility rules that the pages are held to.
const AXE: &str = "axe-core@4.11.0";

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What listens in every page from its first moment on.
const WATCH: &str = "window.violations = []; document.addEventListener('securitypolicyviolation', \
    (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));";

/// How often the driver is started: it takes a free port of IPv4, and ends where that is taken for IPv6.
const TRIES: usize = 5;

/// A driver and its port; `None` where it ended.
fn driver() -> Option<(Child, String)> {
    let started =
        Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut driver = started.unwrap_or_else(|error| panic!("{MISSING} ({error})"));
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.unwrap();
        line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
    });
    std::thread::spawn(move || lines.for_each(drop));
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?))
}

/// A browser of its own, with an empty profile.
pub struct Browser {
    runtime: Runtime,
    client: Option<Client>,
    driver: Child,
    session: String,
    http: reqwest::blocking::Client,
    _profile: TempDir,
}

impl Browser {
    /// Starts driver and browser; fails loudly where they are not installed.
    pub fn start() -> Browser {
        use_ring();
        let (driver, port) = (0..TRIES).find_map(|_| driver()).expect(MISSING);
        let server = format!("http://127.0.0.1:{port}");
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--force-color-profile=srgb".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(
            ClientBuilder::new(HttpConnector::new())
                .capabilities(wanted.as_object().unwrap().clone())
                .connect(&server),
        );
        let client = client.unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        let id = runtime.block_on(client.session_id()).unwrap().unwrap();
        let http = reqwest::blocking::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let session = format!("{server}/session/{id}");
        let browser = Browser { runtime, client: Some(client), driver, session, http, _profile: profile };
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": WATCH }));
        browser.window(1280, 800, 1);
        browser
    }

    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/{path}", self.session);
        let response = self.http.post(url).body(body.to_string()).send().unwrap();
        let answer: Value = response.json().unwrap();
        assert!(answer["value"].get("error").is_none(), "{path} {body}: {answer}");
        answer["value"].clone()
    }

    /// A command of Chromium's developer tools.
    pub fn devtools(&self, command: &str, parameters: &Value) {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// A window of this size in CSS pixels, at this zoom.
    pub fn window(&self, width: u32, height: u32, zoom: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": zoom, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Prefers `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Cuts the network off, or joins it again.
    pub fn offline(&self, offline: bool) {
        self.devtools("Network.enable", &json!({}));
        let conditions =
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.emulateNetworkConditions", &conditions);
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.runtime.block_on(self.client().goto(url)).unwrap();
    }

    /// The value of an expression in the page.
    pub fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.runtime.block_on(self.client().execute(&script, Vec::new())).unwrap()
    }

    /// The value of an expression that is a text.
    pub fn text(&self, expression: &str) -> String {
        self.value(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression in the page is true.
    pub fn wait(&self, expression: &str) {
        let began = Instant::now();
        while self.value(expression) != true {
            let page = || self.text("document.body.dataset.verdict + '\\n' + document.body.innerText");
            assert!(began.elapsed() < PATIENCE, "never: {expression}\n{}", page());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Chooses a file in the field of this selector.
    pub fn choose(&self, selector: &str, file: &Path) {
        let path = file.to_str().unwrap();
        self.runtime.block_on(async {
            let field = self.client().find(Locator::Css(selector)).await.unwrap();
            field.send_keys(path).await.unwrap();
        });
    }

    /// Clicks on the first element of this selector.
    pub fn click(&self, selector: &str) {
        self.runtime.block_on(async {
            self.client().find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
        });
    }

    /// Presses keys one after the other, as fast as the driver does; with `pause` between them.
    pub fn press(&self, keys: &[Stroke], pause: Duration) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for key in keys {
            for action in key.actions() {
                actions = actions.then(action);
            }
            if !pause.is_zero() {
                actions = actions.then(KeyAction::Pause { duration: pause });
            }
        }
        self.runtime.block_on(self.client().perform_actions(actions)).unwrap();
    }

    /// Types a label as a scanner does: each separator as `separator`, then `end`.
    pub fn scan(&self, label: &str, separator: Stroke, end: Stroke) {
        let stroke = |letter: char| if letter == '\u{1d}' { separator } else { Stroke::Letter(letter) };
        let mut keys: Vec<Stroke> = label.chars().map(stroke).collect();
        keys.push(end);
        self.press(&keys, Duration::ZERO);
    }

    /// Everything axe-core has against the page as it is now.
    pub fn accessibility(&self) -> Vec<String> {
        let run = "const done = arguments[arguments.length - 1]; axe.run(document, { resultTypes: ['violations'] })\
            .then((result) => done(result.violations.flatMap((rule) => rule.nodes.map((node) => \
            rule.id + ': ' + node.html + ' ' + node.failureSummary))), (error) => done(['axe: ' + error]));";
        self.runtime.block_on(async {
            self.client().execute(axe(), Vec::new()).await.unwrap();
            let found = self.client().execute_async(run, Vec::new()).await.unwrap();
            let texts = found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
            texts.collect()
        })
    }

    /// What the page's policy has refused, and what the console complains of.
    pub fn complaints(&self) -> Vec<String> {
        let list = |value: Value| value.as_array().cloned().unwrap_or_default();
        let refused = list(self.value("window.violations")).into_iter().map(|text| text.to_string());
        let logged = list(self.post("se/log", &json!({ "type": "browser" })));
        let logged = logged.into_iter().filter(|line| line["level"] == "SEVERE");
        let logged = logged.map(|line| line["message"].to_string());
        // What fails because a test has cut the network off is what it wants to see.
        refused
            .chain(logged.filter(|text| !text.contains("/scan - Failed to load resource: net::ERR_INTERNET")))
            .collect()
    }

    /// A picture of the window.
    pub fn picture(&self) -> Vec<u8> {
        self.runtime.block_on(self.client().screenshot()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // The driver ends with the test whether or not the session could be closed.
            let _ = self.runtime.block_on(client.close());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// One thing that a keyboard, or what poses as one, does.
#[derive(Clone, Copy, Debug)]
pub enum Stroke {
    /// A character.
    Letter(char),
    /// A key with a name.
    Named(Key),
    /// Control and a character.
    Control(char),
    /// Alt, held while these digits are typed on the number pad.
    Numpad([Key; 3]),
}

/// The ways in which scanners send GS (U+001D).
pub const SEPARATORS: [Stroke; 3] = [
    Stroke::Control(']'),
    Stroke::Named(Key::F8),
    Stroke::Numpad([Key::NumPad0, Key::NumPad2, Key::NumPad9]),
];

/// The Enter key.
pub const ENTER: Stroke = Stroke::Named(Key::Enter);

/// The Tab key.
pub const TAB: Stroke = Stroke::Named(Key::Tab);

impl Stroke {
    fn actions(self) -> Vec<KeyAction> {
        let tap = |value: char| [KeyAction::Down { value }, KeyAction::Up { value }];
        let held = |modifier: Key, keys: Vec<char>| {
            let down = KeyAction::Down { value: modifier.into() };
            let up = KeyAction::Up { value: modifier.into() };
            [down].into_iter().chain(keys.into_iter().flat_map(tap)).chain([up]).collect()
        };
        match self {
            Stroke::Letter(letter) => tap(letter).to_vec(),
            Stroke::Named(key) => tap(key.into()).to_vec(),
            Stroke::Control(letter) => held(Key::Control, vec![letter]),
            Stroke::Numpad(digits) => held(Key::Alt, digits.map(char::from).to_vec()),
        }
    }
}

/// The text of axe-core, fetched by npm once and kept in the target folder.
fn axe() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(AXE.replace('@', "-"));
        let file: PathBuf = folder.join("node_modules/axe-core/axe.min.js");
        if !file.exists() {
            std::fs::create_dir_all(&folder).unwrap();
            let done = Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix"])
                .args([folder.as_os_str(), AXE.as_ref()])
                .output()
                .unwrap_or_else(|error| panic!("{AXE} is fetched by npm: apt-get install npm ({error})"));
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        std::fs::read_to_string(&file).unwrap()
    })
}
