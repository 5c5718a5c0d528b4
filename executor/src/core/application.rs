//! Applications: programs that use volumes and have to be stopped for an upgrade, as the operator declared them.
//!
//! ```toml
//! [[clients]]
//! name = "web1"
//!
//! [[clients.applications]]             # of the client above; servers may have them too
//! name = "shares"
//! unit = "smbd.service"                # stopped and started with systemctl
//!
//! [[clients.applications]]
//! name = "vm1"
//! process = "qemu-system-x86_64"       # the program's name, by which it is recognised
//! stop = ["virsh", "shutdown", "vm1"]  # a program and its arguments: no shell reads them
//! start = ["virsh", "start", "vm1"]
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::names::{ApplicationName, ProgramName, UnitName};

/// A program that uses volumes, with the way to stop and start it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// What to call it in plans and messages.
    pub name: ApplicationName,
    /// How to stop and start it.
    pub control: Control,
}

/// How an application is recognised, stopped and started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// By systemd.
    Unit(UnitName),
    /// By the operator's own commands.
    Commands {
        /// The program's name.
        process: ProgramName,
        /// The program that stops it, and its arguments.
        stop: Vec<String>,
        /// The program that starts it, and its arguments.
        start: Vec<String>,
    },
}

impl Application {
    /// Returns by what its processes are recognised on the host: `unit:NAME` or `process:NAME`.
    pub fn key(&self) -> String {
        match &self.control {
            Control::Unit(unit) => format!("unit:{unit}"),
            Control::Commands { process, .. } => format!("process:{process}"),
        }
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, control } = self;
        match control {
            Control::Unit(unit) if unit.as_str() == name.as_str() => write!(f, "{name}"),
            Control::Unit(unit) => write!(f, "{name} ({unit})"),
            Control::Commands { .. } => write!(f, "{name}"),
        }
    }
}

/// `[[servers.applications]]` and `[[clients.applications]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSection {
    /// See [`Application::name`].
    pub name: Spanned<ApplicationName>,
    /// See [`Control::Unit`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitName>,
    /// See [`Control::Commands`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProgramName>,
    /// See [`Control::Commands`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// See [`Control::Commands`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Vec<String>>,
}

impl ApplicationSection {
    /// Returns the application, or what is wrong with the section and what to do about it.
    ///
    /// # Errors
    /// Where it says neither a unit nor both commands and a program, or says both.
    pub fn application(self) -> Result<Application, (String, &'static str)> {
        const HINT: &str = "write `unit = \"smbd.service\"`, or all of `process`, `stop` and `start`";
        let Self { name, unit, process, stop, start } = self;
        let name = name.into_inner();
        let control = match (unit, process, stop, start) {
            (Some(unit), None, None, None) => Control::Unit(unit),
            (None, Some(process), Some(stop), Some(start)) => {
                for (key, argv) in [("stop", &stop), ("start", &start)] {
                    if argv.first().is_none_or(String::is_empty) {
                        let hint =
                            "name a program and its arguments: stop = [\"virsh\", \"shutdown\", \"vm1\"]";
                        return Err((format!("application `{name}`: `{key}` names no program"), hint));
                    }
                    if argv.iter().any(|argument| argument.contains('\0')) {
                        let hint = "no argument of a program can hold one";
                        return Err((format!("application `{name}`: `{key}` has a NUL byte"), hint));
                    }
                }
                Control::Commands { process, stop, start }
            }
            (Some(_), ..) => {
                return Err((format!("application `{name}` has a unit and commands too"), HINT));
            }
            (None, ..) => {
                let what =
                    format!("application `{name}` does not say how it is recognised, stopped and started");
                return Err((what, HINT));
            }
        };
        Ok(Application { name, control })
    }
}
