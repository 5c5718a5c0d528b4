//! What a rehearsal leaves on the engine when it does not come to its end: nothing, or what `clean` removes.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::engine::{Foreign, OF_EACH_KIND, engine_leftovers, on_engine, there, visit};
use acceptance::image::node_image;
use acceptance::program::Program;
use rstest::rstest;
use simulator::engine::{ContainerSpec, Engine, Run, RunError, VolumeMount, with_run};
use tokio_util::sync::CancellationToken;

/// A rehearsal that goes on in the background, in a folder of its own.
struct Rehearsal {
    child: Child,
    stderr: BufReader<ChildStderr>,
    run: String,
    _runs: tempfile::TempDir,
}

impl Rehearsal {
    /// Starts one, and waits until it has said which run it is.
    fn start() -> Self {
        let runs = tempfile::tempdir().unwrap();
        // Whatever runs these tests may have SIGHUP ignored, and its children inherit that.
        let mut child = Command::new("env")
            .arg("--default-signal=HUP")
            .arg(Program::Simulator.path())
            .args(["run", "scenarios/online-replicated.toml", "--runs"])
            .arg(runs.path())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut rehearsal = Self { child, stderr, run: String::new(), _runs: runs };
        let line = rehearsal.wait_for("run ");
        rehearsal.run = line.trim_start_matches("run ").split(';').next().unwrap().to_owned();
        rehearsal
    }

    /// Reads on until a line has this in it.
    fn wait_for(&mut self, text: &str) -> String {
        let mut seen = String::new();
        for line in (&mut self.stderr).lines() {
            let line = line.unwrap();
            if line.contains(text) {
                return line;
            }
            seen.push_str(&line);
            seen.push('\n');
        }
        panic!("it ended without `{text}`; it said:\n{seen}");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end, and returns exit code and last words.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        for line in (&mut self.stderr).lines() {
            said.push_str(&line.unwrap());
            said.push('\n');
        }
        (self.child.wait().unwrap().code(), said)
    }
}

/// Processes whose command line names this run's inventory folder: the executor and its ssh.
fn executors_of(folder: &Path) -> usize {
    let needle = folder.display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| String::from_utf8_lossy(line).contains(&needle))
        .count()
}

/// While the image is looked for or nodes come up, and while the executor works on a server. The plan has the words of a
/// step too; the step itself comes after the run has started.
#[rstest]
#[case::nodes_come_up("INT", &[])]
#[case::a_server_is_about_to_go("TERM", &["run started", "stop gluster on g1"])]
#[case::a_server_is_out("INT", &["run started", "install glusterfs"])]
fn interrupted_it_leaves_nothing(#[case] signal: &str, #[case] moments: &[&str]) {
    let mut rehearsal = Rehearsal::start();
    let run = rehearsal.run.clone();
    for moment in moments {
        rehearsal.wait_for(moment);
    }
    let folder = rehearsal._runs.path().to_owned();
    let asked = Instant::now();
    rehearsal.signal(signal);
    let (code, said) = rehearsal.end();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert!(asked.elapsed() < Duration::from_secs(60), "it took {:?}", asked.elapsed());
    assert_eq!(engine_leftovers(&run), Vec::<String>::new());
    assert_eq!(executors_of(&folder), 0, "an executor outlived its rehearsal");
}

/// A terminal that is closed hangs up, and nobody reads what is said from then on.
#[test]
fn without_its_terminal_it_leaves_nothing() {
    let mut rehearsal = Rehearsal::start();
    rehearsal.wait_for("pool: 4 nodes");
    let Rehearsal { mut child, stderr, run, _runs } = rehearsal;
    drop(stderr);
    let sent = Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(engine_leftovers(&run), Vec::<String>::new());
}

#[test]
fn killed_it_leaves_what_clean_removes_and_a_live_run_is_left_alone() {
    let mut killed = Rehearsal::start();
    killed.wait_for("pool: 4 nodes");
    let left = killed.run.clone();
    killed.signal("KILL");
    killed.child.wait().unwrap();
    assert_ne!(engine_leftovers(&left), Vec::<String>::new(), "nobody was there to remove it");

    let mut alive = Rehearsal::start();
    alive.wait_for("pool: 4 nodes");
    let foreign = on_engine(Foreign::make());
    let cleaned = Command::new(Program::Simulator.path()).arg("clean").output().unwrap();
    assert!(cleaned.status.success(), "{}", String::from_utf8_lossy(&cleaned.stderr));
    assert_eq!(engine_leftovers(&left), Vec::<String>::new(), "clean removes what a killed run left");
    assert_ne!(engine_leftovers(&alive.run), Vec::<String>::new(), "and nothing of a run that is alive");
    assert_eq!(on_engine(there(foreign.name())), OF_EACH_KIND, "and nothing of anybody else");
    let said = String::from_utf8_lossy(&cleaned.stdout);
    assert!(!said.contains(foreign.name()), "{said}");

    let run = alive.run.clone();
    alive.signal("INT");
    assert_eq!(alive.end().0, Some(3));
    assert_eq!(engine_leftovers(&run), Vec::<String>::new());
    let name = foreign.name().to_owned();
    drop(foreign);
    assert_eq!(on_engine(there(&name)), Vec::<&str>::new(), "this test's own are gone, too");
}

/// How the body of a run ends that has made something.
#[derive(Clone, Copy)]
enum Ending {
    Well,
    WithAnError,
    ByAPanic,
}

/// The engine is asked by name: what was made without its label would be no less left.
#[rstest]
#[case::well(Ending::Well, "Ok")]
#[case::with_an_error(Ending::WithAnError, "Body")]
#[case::by_a_panic(Ending::ByAPanic, "Panicked: on purpose")]
fn however_a_run_ends_it_leaves_nothing(#[case] ending: Ending, #[case] expected: &str) {
    let (name, outcome) = on_engine(async {
        let engine = Engine::connect().await?;
        let run = Run::new("ending");
        let never = CancellationToken::new();
        let outcome = with_run(&engine, &run, &never, async {
            make(&engine, &run).await?;
            assert_eq!(there(&run.id).await?, OF_EACH_KIND, "it is there by then");
            match ending {
                Ending::Well => anyhow::Ok(()),
                Ending::WithAnError => anyhow::bail!("on purpose"),
                Ending::ByAPanic => panic!("on purpose"),
            }
        });
        let outcome = match outcome.await {
            Ok(()) => "Ok".to_owned(),
            Err(RunError::Body(error)) if error.to_string() == "on purpose" => "Body".to_owned(),
            Err(RunError::Panicked { message }) => format!("Panicked: {message}"),
            Err(error) => format!("{error:?}"),
        };
        Ok((run.id, outcome))
    });
    assert_eq!(on_engine(there(&name)), Vec::<&str>::new());
    assert_eq!(outcome, expected);
}

/// The engine may still list a container at its network that it has called gone. Here one of somebody else's stays for a
/// moment: the network goes after it, and nobody takes it off.
#[test]
fn a_network_goes_when_the_last_one_has_left_it() {
    let left = on_engine(async {
        let engine = Engine::connect().await?;
        let run = Run::new("endpoint");
        let never = CancellationToken::new();
        with_run(&engine, &run, &never, async {
            engine.create_network(&run, &run.id).await?;
            visit(&run.id, 2).await?;
            let refused = engine.docker().remove_network(&run.id).await.unwrap_err();
            assert!(refused.to_string().contains("active endpoints"), "it is there by then: {refused}");
            anyhow::Ok(())
        })
        .await
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        there(&run.id).await
    });
    assert_eq!(left, Vec::<&str>::new());
}

/// Makes a network, a volume and a container that runs with both, all under the run's name.
async fn make(engine: &Engine, run: &Run) -> anyhow::Result<()> {
    let image = node_image(engine).await?;
    engine.create_network(run, &run.id).await?;
    engine.create_volume(run, &run.id).await?;
    let spec = ContainerSpec {
        name: run.id.clone(),
        hostname: "h".to_owned(),
        image,
        network: Some(run.id.clone()),
        command: Some(["sleep", "infinity"].map(str::to_owned).to_vec()),
        volumes: vec![VolumeMount { volume: run.id.clone(), target: "/brick".to_owned() }],
        ..Default::default()
    };
    let container = engine.create_container(run, &spec).await?;
    Ok(engine.start(&container).await?)
}
