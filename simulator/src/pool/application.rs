//! Programs that use volumes through libgfapi, as virtual machines and file servers do.

use std::time::Duration;

use super::{Look, Node, Pool, PoolError, until};

/// What a program may take until it uses the volume.
const LIMIT: Duration = Duration::from_secs(60);

/// How large its file is: more than any cache of Gluster's holds back, little enough to be healed in a moment.
const SIZE: &str = "16m";

/// A program that uses a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The server or client it runs on.
    pub host: String,
    /// The volume.
    pub volume: String,
    /// The program.
    pub program: GfapiProgram,
}

/// Programs that Debian packages with libgfapi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GfapiProgram {
    /// `fio` with its engine `gfapi`, which reads and writes all the time.
    Fio,
    /// `qemu-nbd`, which holds a disk image open through qemu's `gluster` driver, as a virtual machine does.
    QemuNbd,
}

impl GfapiProgram {
    /// Returns the name of its process.
    pub fn process(self) -> &'static str {
        match self {
            Self::Fio => "fio",
            Self::QemuNbd => "qemu-nbd",
        }
    }
}

impl Application {
    /// Returns the program and its arguments that start it in the background, with a volume as this server has it.
    pub fn start(&self, server: &str) -> Vec<String> {
        let Self { host, volume, program } = self;
        match program {
            GfapiProgram::Fio => vec![
                "setsid".to_owned(),
                "--fork".to_owned(),
                "fio".to_owned(),
                format!("--name=gfapi-{host}"),
                "--ioengine=gfapi".to_owned(),
                format!("--volume={volume}"),
                format!("--brick={server}"),
                format!("--filename={}", self.file()),
                "--rw=randrw".to_owned(),
                format!("--size={SIZE}"),
                "--rate_iops=10".to_owned(),
                "--time_based".to_owned(),
                "--runtime=86400".to_owned(),
                "--output=/var/log/fio.log".to_owned(),
            ],
            GfapiProgram::QemuNbd => vec![
                // The `--fork` of its own returns only when its stderr closes, which gfapi's log holds open: never.
                "setsid".to_owned(),
                "--fork".to_owned(),
                "qemu-nbd".to_owned(),
                "--persistent".to_owned(),
                "--format=raw".to_owned(),
                "--socket=/run/qemu-nbd.sock".to_owned(),
                self.image(server),
            ],
        }
    }

    /// Returns the file that it writes to all the while, from the volume's root.
    pub fn writes(&self) -> Option<String> {
        match self.program {
            GfapiProgram::Fio => Some(self.file()),
            // It holds its image open; nobody writes to it.
            GfapiProgram::QemuNbd => None,
        }
    }

    /// Returns the program and its arguments that stop it.
    pub fn stop(&self) -> Vec<String> {
        ["pkill", "-x", self.program.process()].map(str::to_owned).to_vec()
    }

    /// Returns the disk image of a virtual machine, as qemu names it.
    fn image(&self, server: &str) -> String {
        format!("gluster://{server}/{}/{}", self.volume, self.file())
    }

    /// Returns its file, from the volume's root.
    fn file(&self) -> String {
        match self.program {
            GfapiProgram::Fio => format!("fio-{}.dat", self.host),
            GfapiProgram::QemuNbd => format!("disk-{}.img", self.host),
        }
    }
}

impl Pool {
    /// Returns the server whose volumes a host is to use: itself where it is one, so that it depends on no other.
    fn server_for(&self, host: &str) -> String {
        let first = self.servers.first().map_or("", |server| &server.name);
        let own = self.servers.iter().find(|server| server.name == host);
        own.map_or(first, |server| &server.name).to_owned()
    }

    /// Returns how an application is started on its host.
    #[must_use]
    pub fn start_words(&self, application: &Application) -> Vec<String> {
        application.start(&self.server_for(&application.host))
    }

    /// Starts an application and waits until it has Gluster's library in memory.
    ///
    /// # Errors
    /// [`PoolError`] where it does not start.
    pub async fn start_application(&self, node: &Node, application: &Application) -> Result<(), PoolError> {
        let server = self.server_for(&application.host);
        match application.program {
            GfapiProgram::Fio => {}
            GfapiProgram::QemuNbd => {
                let image = application.image(&server);
                let create = ["qemu-img", "create", "-f", "raw", &image, SIZE];
                self.engine.exec_ok(&node.container, &create).await?;
            }
        }
        let start = application.start(&server);
        // Whatever keeps the engine's streams open keeps this waiting.
        const AWAY: &str = r#"exec "$@" </dev/null >/dev/null 2>&1"#;
        let argv: Vec<&str> =
            ["sh", "-c", AWAY, "start"].into_iter().chain(start.iter().map(String::as_str)).collect();
        self.engine.exec_ok(&node.container, &argv).await?;
        let process = application.program.process();
        const SCRIPT: &str =
            "for pid in $(pgrep -x \"$1\"); do grep -q libgfapi \"/proc/$pid/maps\" && exit 0; done; exit 1";
        until(format!("{process} on {} to use gfapi", node.name), LIMIT, async || {
            let argv = ["sh", "-c", SCRIPT, "uses-gfapi", process];
            let found = self.engine.exec(&node.container, &argv).await?;
            Ok(if found.success() { Look::Ready(()) } else { Look::NotYet("not yet".to_owned()) })
        })
        .await
    }
}
