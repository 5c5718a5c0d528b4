//! Faults: what others than the executor do to a pool and its hosts, and when.

use executor::core::finding::Code;

/// Something that somebody does to a pool or a host, not the executor.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// `gluster volume set`.
    SetOption {
        /// The volume.
        volume: String,
        /// The option.
        option: String,
        /// Its value.
        value: String,
    },
    /// `gluster volume reset`.
    ResetOption {
        /// The volume.
        volume: String,
        /// The option.
        option: String,
    },
    /// `gluster volume start … force`: starts the bricks that do not run.
    ForceStart {
        /// The volume.
        volume: String,
    },
    /// A host loses its power, and stays away.
    PowerOff {
        /// The host.
        host: String,
    },
    /// A host that lost its power comes back, with an open door; glusterd does not run yet.
    PowerOn {
        /// The host.
        host: String,
    },
    /// glusterd is started, as a boot would.
    StartGlusterd {
        /// The host.
        host: String,
    },
    /// Every SSH connection of a host is cut. sshd itself goes on.
    CutSsh {
        /// The host.
        host: String,
    },
    /// Nothing passes between a host and others any more, both ways. Clients and the executor still reach all of them.
    Partition {
        /// The host.
        host: String,
        /// The others; all other servers of the pool where it is left out.
        #[serde(default)]
        from: Vec<String>,
    },
    /// What a partition of a host kept out passes again.
    Reconnect {
        /// The host.
        host: String,
        /// The others, as for the partition.
        #[serde(default)]
        from: Vec<String>,
    },
    /// A host sends no faster than this.
    SlowNetwork {
        /// The host.
        host: String,
        /// Kilobits a second.
        kilobits: u32,
    },
    /// A host sends as fast as it can again.
    UsualNetwork {
        /// The host.
        host: String,
    },
    /// A file is put aside, with one in its place that means nothing.
    Spoil {
        /// The host.
        host: String,
        /// The file.
        file: String,
    },
    /// A file that was spoilt is put back.
    Mend {
        /// The host.
        host: String,
        /// The file.
        file: String,
    },
    /// Processes of a host stand still (SIGSTOP).
    StopProcesses {
        /// The host.
        host: String,
        /// The program, such as "glusterfs".
        program: String,
        /// What is in their command lines.
        with: String,
    },
    /// Processes that stand still go on.
    ContinueProcesses {
        /// The host.
        host: String,
        /// The program.
        program: String,
        /// What is in their command lines.
        with: String,
    },
    /// The directories of a host's bricks are moved away, as where a disk is not mounted.
    TakeBricks {
        /// The host.
        host: String,
        /// The volume.
        volume: String,
    },
    /// The directories of a host's bricks are moved back.
    GiveBricksBack {
        /// The host.
        host: String,
        /// The volume.
        volume: String,
    },
    /// A folder is on a file system of its own that has no room left.
    Fill {
        /// The host.
        host: String,
        /// The folder; made where it is not there.
        folder: String,
    },
    /// A folder that was filled has room again.
    Free {
        /// The host.
        host: String,
        /// The folder.
        folder: String,
    },
    /// Somebody else, elsewhere, starts the executor for the same pool, and is to be refused with the name of the first run.
    SecondExecutor,
}

impl Deed {
    /// Returns the hosts that it names.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::SetOption { .. }
            | Self::ResetOption { .. }
            | Self::ForceStart { .. }
            | Self::SecondExecutor => Vec::new(),
            Self::PowerOff { host }
            | Self::PowerOn { host }
            | Self::StartGlusterd { host }
            | Self::CutSsh { host }
            | Self::SlowNetwork { host, .. }
            | Self::UsualNetwork { host }
            | Self::Spoil { host, .. }
            | Self::Mend { host, .. }
            | Self::StopProcesses { host, .. }
            | Self::ContinueProcesses { host, .. }
            | Self::TakeBricks { host, .. }
            | Self::GiveBricksBack { host, .. }
            | Self::Fill { host, .. }
            | Self::Free { host, .. } => vec![host],
            Self::Partition { host, from } | Self::Reconnect { host, from } => {
                std::iter::once(host).chain(from).map(String::as_str).collect()
            }
        }
    }

    /// Returns the volume that it names.
    pub fn volume(&self) -> Option<&str> {
        match self {
            Self::SetOption { volume, .. }
            | Self::ResetOption { volume, .. }
            | Self::ForceStart { volume }
            | Self::TakeBricks { volume, .. }
            | Self::GiveBricksBack { volume, .. } => Some(volume),
            Self::PowerOff { .. }
            | Self::PowerOn { .. }
            | Self::StartGlusterd { .. }
            | Self::CutSsh { .. }
            | Self::Partition { .. }
            | Self::Reconnect { .. }
            | Self::SlowNetwork { .. }
            | Self::UsualNetwork { .. }
            | Self::Spoil { .. }
            | Self::Mend { .. }
            | Self::StopProcesses { .. }
            | Self::ContinueProcesses { .. }
            | Self::Fill { .. }
            | Self::Free { .. }
            | Self::SecondExecutor => None,
        }
    }

    /// Returns it in words.
    pub fn words(&self) -> String {
        let others = |from: &[String]| match from {
            [] => "all other servers".to_owned(),
            from => from.join(", "),
        };
        match self {
            Self::SetOption { volume, option, value } => format!("{option} of {volume} is set to {value}"),
            Self::ResetOption { volume, option } => format!("{option} of {volume} is reset"),
            Self::ForceStart { volume } => format!("{volume} is started by force"),
            Self::PowerOff { host } => format!("{host} loses its power"),
            Self::PowerOn { host } => format!("{host} has power again"),
            Self::StartGlusterd { host } => format!("glusterd is started on {host}"),
            Self::CutSsh { host } => format!("every SSH connection of {host} is cut"),
            Self::Partition { host, from } => format!("{host} is parted from {}", others(from)),
            Self::Reconnect { host, from } => format!("{host} reaches {} again", others(from)),
            Self::SlowNetwork { host, kilobits } => {
                format!("{host} sends no faster than {kilobits} kbit/s")
            }
            Self::UsualNetwork { host } => format!("{host} sends as fast as it can again"),
            Self::Spoil { host, file } => format!("{file} on {host} is spoilt"),
            Self::Mend { host, file } => format!("{file} on {host} is put back"),
            Self::StopProcesses { host, program, with } => {
                format!("each {program} on {host} with {with} among its words stands still")
            }
            Self::ContinueProcesses { host, program, with } => {
                format!("each {program} on {host} with {with} among its words goes on")
            }
            Self::TakeBricks { host, volume } => format!("the bricks of {volume} on {host} are taken away"),
            Self::GiveBricksBack { host, volume } => format!("the bricks of {volume} on {host} are back"),
            Self::Fill { host, folder } => format!("{folder} on {host} is full"),
            Self::Free { host, folder } => format!("{folder} on {host} has room again"),
            Self::SecondExecutor => "somebody else starts the executor for the same pool".to_owned(),
        }
    }

    /// Returns whether it mends what another deed broke.
    pub fn mends(&self) -> bool {
        match self {
            Self::ResetOption { .. }
            | Self::ForceStart { .. }
            | Self::PowerOn { .. }
            | Self::StartGlusterd { .. }
            | Self::Reconnect { .. }
            | Self::UsualNetwork { .. }
            | Self::Mend { .. }
            | Self::ContinueProcesses { .. }
            | Self::GiveBricksBack { .. }
            | Self::Free { .. } => true,
            Self::SetOption { .. }
            | Self::PowerOff { .. }
            | Self::CutSsh { .. }
            | Self::Partition { .. }
            | Self::SlowNetwork { .. }
            | Self::Spoil { .. }
            | Self::StopProcesses { .. }
            | Self::TakeBricks { .. }
            | Self::Fill { .. }
            | Self::SecondExecutor => false,
        }
    }
}

/// A deed, and when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// When it is done.
    pub cue: Cue,
    /// What is done.
    pub deed: Deed,
}

/// A moment of the executor's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cue {
    /// It has finished this step. It is held until the deed is done, so that this falls between two steps.
    After(Step),
    /// It has begun with this step, and goes on.
    During {
        /// The step.
        step: Step,
        /// A program that has to run on the host by then.
        runs: Option<String>,
    },
    /// It waits at a gate because of a finding of this code, and goes on.
    Waiting {
        /// The step that the gate is of; any, where it cannot be foreseen.
        step: Option<Step>,
        /// The code.
        finding: Code,
    },
}

/// A step of the executor's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does, as events call it: "install", "start_gluster".
    pub action: String,
    /// The host it does it on.
    pub host: String,
}

impl Cue {
    /// Returns the step, where it has one.
    pub fn step(&self) -> Option<&Step> {
        match self {
            Self::After(step) | Self::During { step, .. } => Some(step),
            Self::Waiting { step, .. } => step.as_ref(),
        }
    }

    /// Returns it in words, for reports.
    pub fn words(&self) -> String {
        match self {
            Self::After(Step { action, host }) => format!("after {action} on {host}"),
            Self::During { step: Step { action, host }, runs: None } => format!("during {action} on {host}"),
            Self::During { step: Step { action, host }, runs: Some(program) } => {
                format!("during {action} on {host}, while {program} runs")
            }
            Self::Waiting { step: Some(Step { action, host }), finding } => {
                format!("while {action} on {host} waits for {finding}")
            }
            Self::Waiting { step: None, finding } => format!("while a step waits for {finding}"),
        }
    }
}
