//! The page of a run in a real browser without a screen: it has nothing to complain of, the drawings are there to be seen,
//! a phone shows all of it, and the reader's choice of light or dark is followed.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use simulator::report::Recorded;
use tempfile::TempDir;

/// What Chromium is called by the distributions, and what stands in for it where they have none.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long it may take to show a page, in seconds.
const LIMIT: &str = "60";

/// What is put into a copy of the page to measure it: the page itself has no script and forbids any.
const MEASURE: &str = "<script>
    const box = name => { const box = document.querySelector(name).getBBox(); return [box.width, box.height]; };
    parent.postMessage(JSON.stringify({
        window: innerWidth, page: document.documentElement.scrollWidth,
        latency: box('.latency'), stall: box('.stall'), lanes: document.querySelectorAll('.lane').length,
        ground: getComputedStyle(document.body).backgroundColor,
    }), '*');
</script>";

/// Around it, since no window is as narrow as a phone.
const FRAME: &str = "<script>onmessage = event => document.body.dataset.measured = event.data</script>
    <iframe src='measured.html' style='border: 0; height: 800px; width: WIDTHpx'></iframe>";

/// A browser with a folder of its own.
struct Browser {
    folder: TempDir,
    program: PathBuf,
}

impl Browser {
    fn open() -> Self {
        let path = std::env::var_os("PATH").unwrap();
        let mut places =
            std::env::split_paths(&path).flat_map(|folder| BROWSERS.map(|name| folder.join(name)));
        let program =
            places.find(|file| file.is_file()).expect("a browser: `scripts/setup browser` installs one");
        Self { folder: tempfile::tempdir().unwrap(), program }
    }

    /// Writes a page; returns where.
    fn page(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Shows a page; returns what is printed, and what the page had to complain of.
    fn shows(&self, page: &Path, arguments: &[&str]) -> (String, Vec<String>) {
        let output = Command::new("timeout")
            .arg(LIMIT)
            .arg(&self.program)
            // Root may not use the sandbox, and needs none for a page of its own.
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--enable-logging=stderr",
            ])
            .arg(format!("--user-data-dir={}", self.folder.path().join("profile").display()))
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(output.status.success(), "{}: {stderr}", output.status);
        let complaints = stderr.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect();
        (stdout, complaints)
    }

    /// Measures a page that is shown this wide.
    fn measures(&self, page: &str, width: u32, arguments: &[&str]) -> serde_json::Value {
        let policy = page.find("<meta http-equiv").unwrap();
        let after = policy + page[policy..].find('>').unwrap() + 1;
        let open = format!("{}{}", &page[..policy], &page[after..]);
        self.page("measured.html", &open.replace("</body>", &format!("{MEASURE}</body>")));
        let frame = self.page("frame.html", &FRAME.replace("WIDTH", &width.to_string()));
        let (dom, complaints) = self.shows(&frame, &[&["--dump-dom"], arguments].concat());
        let measured = dom.split("data-measured=\"").nth(1).and_then(|rest| rest.split('"').next());
        let measured = measured.unwrap_or_else(|| panic!("{complaints:?}: {dom}"));
        serde_json::from_str(&measured.replace("&quot;", "\"")).unwrap()
    }
}

/// Returns the page of the run that is kept with the tests.
fn page() -> String {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulator/tests/data/runs");
    Recorded::read(&runs.join("20260102T030405Z-online-replicated")).unwrap().page()
}

#[test]
#[ignore = "a browser, which only `make regression` installs"]
fn a_browser_has_nothing_to_complain_of() {
    let browser = Browser::open();
    let page = page();
    let (_, complaints) = browser.shows(&browser.page("page.html", &page), &["--dump-dom"]);
    assert_eq!(complaints, Vec::<String>::new());
    // To be looked at: target/tmp/report.png.
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.png");
    let shot = format!("--screenshot={}", picture.display());
    browser.shows(&browser.page("page.html", &page), &["--window-size=1280,2400", &shot]);
    assert!(std::fs::metadata(&picture).unwrap().len() > 50_000, "an empty page");

    // Whatever comes to stand in it, nothing runs and nothing is loaded; and complaints are heard.
    let spoilt =
        page.replace("</main>", "<script>alert(1)</script><img src=\"https://host.invalid/x.png\"></main>");
    let (_, complaints) = browser.shows(&browser.page("spoilt.html", &spoilt), &["--dump-dom"]);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints.iter().all(|one| one.contains("Content Security Policy")), "{complaints:?}");
}

#[test]
#[ignore = "a browser, which only `make regression` installs"]
fn the_drawings_are_there_on_a_screen_and_on_a_phone_in_light_and_dark() {
    let browser = Browser::open();
    let page = page();
    let wide = browser.measures(&page, 1280, &[]);
    let size = |drawn: &str, side: usize| wide[drawn][side].as_f64().unwrap();
    // In units of the drawing, which is 1000 wide.
    assert!(size("latency", 0) > 700.0 && size("latency", 1) > 10.0, "{wide}");
    assert!(size("stall", 0) > 30.0, "a stall of 4 s is a line: {wide}");
    assert_eq!(wide["lanes"], 3);
    assert_eq!(wide["ground"], "rgb(255, 255, 255)");

    let phone = browser.measures(&page, 390, &["--blink-settings=preferredColorScheme=0"]);
    assert_eq!(phone["window"], 390);
    assert_eq!(phone["page"], 390, "nothing but the drawings' own boxes is scrolled sideways");
    assert_eq!(phone["ground"], "rgb(20, 23, 27)");

    let empty = page.replace("class=\"latency\" d=\"", "class=\"latency\" d=\"\" data-d=\"");
    assert_eq!(browser.measures(&empty, 1280, &[])["latency"][0], 0, "a plot without data would be noticed");
}
