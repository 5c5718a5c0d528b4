//! A glusterd that has lost its self-heal daemon, as one of 7 and later may at any start: starting it again mends that.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a panic is the report")]

use acceptance::pool::on_a_pool;
use executor::service;
use simulator::images::Init;
use simulator::pool::{NodeSpec, Pool, PoolSpec, VolumeKind, VolumeSpec};
use tokio::runtime::Handle;

fn two_volumes(image: String) -> PoolSpec {
    let volume = |name: &str| VolumeSpec {
        name: name.to_owned(),
        kind: VolumeKind::Replica { count: 3 },
        bricks_per_server: 3,
        options: Vec::new(),
    };
    PoolSpec {
        image,
        init: Init::Bare,
        servers: vec![NodeSpec { name: "g1".to_owned(), release: "11.1".to_owned() }],
        volumes: vec![volume("vol0"), volume("vol1")],
        clients: Vec::new(),
    }
}

#[test]
#[ignore = "minutes: `make regression`"]
fn glusterd_is_started_anew_where_it_has_lost_its_daemon() {
    on_a_pool("lost-daemon", two_volumes, |pool| {
        let began = daemon(pool);
        // What glusterd does, by hand: the daemon holds the file, and glusterd looks for its name.
        sh(pool, "rm /run/gluster/shd/vol1/vol1-shd.pid");
        assert!(status(pool).contains("N/A       N/A        N       N/A"), "{}", status(pool));
        sh(pool, "gluster --mode=script volume start vol1 force");
        assert!(status(pool).contains("N/A       N/A        N       N/A"), "it takes more than this");

        let said = start(pool);
        assert_eq!(said, "running\nglusterd started anew: it had lost the self-heal daemon of vol1\n");
        assert_ne!(daemon(pool), began);
        assert_eq!(wait(pool), Vec::<String>::new());

        let now = daemon(pool);
        assert_eq!(start(pool), "running\n");
        assert_eq!(wait(pool), Vec::<String>::new());
        assert_eq!(daemon(pool), now, "what is well is left alone");

        // Whoever takes the power of servers does the same by means of their own.
        sh(pool, "rm /run/gluster/shd/vol1/vol1-shd.pid");
        assert_eq!(wait(pool), ["g1"]);
        assert_ne!(daemon(pool), now);
    });
}

/// Starts glusterd as the executor does; returns what that says.
fn start(pool: &Pool) -> String {
    let argv = service::start_glusterd().argv;
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let run = pool.engine().exec_ok(&pool.servers()[0].container, &argv);
    Handle::current().block_on(run).unwrap().stdout
}

/// Waits for all volumes as the director does; returns the servers whose glusterd it started anew.
fn wait(pool: &Pool) -> Vec<String> {
    Handle::current().block_on(pool.wait_for_volumes()).unwrap()
}

fn daemon(pool: &Pool) -> String {
    sh(pool, "pgrep -f 'process-nam[e].glustershd'")
}

fn status(pool: &Pool) -> String {
    sh(pool, "gluster --mode=script volume status vol1")
}

/// Runs a script on the server; it must succeed.
fn sh(pool: &Pool, script: &str) -> String {
    let argv = ["sh", "-euc", script];
    let run = pool.engine().exec_ok(&pool.servers()[0].container, &argv);
    Handle::current().block_on(run).unwrap().stdout
}
