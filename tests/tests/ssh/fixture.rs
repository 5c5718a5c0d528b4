//! The fixture's own promises: what it starts is ours by its labels, on loopback alone, and never left.

use std::sync::Mutex;

use acceptance::ssh_host::SshHost;
use simulator::engine::{Engine, PROJECT, PROJECT_LABEL};
use tokio::runtime::Builder;

#[test]
fn a_test_that_panics_leaves_nothing() {
    static STARTED: Mutex<String> = Mutex::new(String::new());
    // As `tokio::test` does it: a thread, and in it a runtime of one thread.
    let test = std::thread::spawn(|| {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let host = SshHost::start("g1").await.unwrap();
            *STARTED.lock().unwrap() = host.id().to_owned();
            look_at(host.id()).await;
            panic!("on purpose");
        })
    });
    let panic = test.join().unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));

    let id = STARTED.lock().unwrap().clone();
    let gone = Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let engine = Engine::connect().await.unwrap();
        engine.container_state(&id).await.unwrap_err()
    });
    assert!(gone.is_not_found(), "{gone}");
}

/// Sees that a container carries our label and is published on loopback only.
async fn look_at(id: &str) {
    let engine = Engine::connect().await.unwrap();
    let found = engine.docker().inspect_container(id, None).await.unwrap();
    let labels = found.config.and_then(|config| config.labels).unwrap();
    assert_eq!(labels.get(PROJECT_LABEL).map(String::as_str), Some(PROJECT));
    let ports = found.network_settings.and_then(|settings| settings.ports).unwrap();
    let bindings: Vec<_> = ports.into_values().flatten().flatten().collect();
    assert!(!bindings.is_empty());
    assert!(bindings.iter().all(|binding| binding.host_ip.as_deref() == Some("127.0.0.1")), "{bindings:?}");
}
