//! FUSE mounts: from the arguments of the process that serves one, back to what `mount -t glusterfs` is told.
//!
//! The helper turns options into arguments (xlators/mount/fuse/utils/mount.glusterfs.in, 3.7 to 11); this is
//! the way back. What it cannot have made is an error, never a guess: the mount would come back another one.

use std::collections::BTreeSet;

use crate::core::names::VolumeName;
use crate::core::usage::Mount;

/// Options that the helper passes on as a bare `--NAME`.
const FLAGS: &[(&str, &str)] = &[
    ("read-only", "ro"),
    ("acl", "acl"),
    ("selinux", "selinux"),
    ("enable-ino32", "enable-ino32"),
    ("worm", "worm"),
    ("volfile-check", "volfile-check=1"),
    ("mem-accounting", "mem-accounting"),
    ("aux-gfid-mount", "aux-gfid-mount"),
    ("resolve-gids", "resolve-gids"),
    ("no-root-squash", "no-root-squash=yes"),
    ("thin-client", "thin-client"),
    ("global-threading", "global-threading"),
    ("localtime-logging", "localtime-logging"),
];

/// Options that the helper passes on as `--NAME=VALUE`, with the name that `mount -o` knows.
const VALUES: &[(&str, &str)] = &[
    ("log-level", "log-level"),
    ("log-file", "log-file"),
    ("direct-io-mode", "direct-io-mode"),
    ("use-readdirp", "use-readdirp"),
    ("event-history", "event-history"),
    ("reader-thread-count", "reader-thread-count"),
    ("auto-invalidation", "auto-invalidation"),
    ("volume-name", "volume-name"),
    ("attribute-timeout", "attribute-timeout"),
    ("entry-timeout", "entry-timeout"),
    ("negative-timeout", "negative-timeout"),
    ("gid-timeout", "gid-timeout"),
    ("lru-limit", "lru-limit"),
    ("inode-table-size", "inode-table-size"),
    ("invalidate-limit", "invalidate-limit"),
    ("background-qlen", "background-qlen"),
    ("congestion-threshold", "congestion-threshold"),
    ("oom-score-adj", "oom-score-adj"),
    ("kernel-writeback-cache", "kernel-writeback-cache"),
    ("attr-times-granularity", "attr-times-granularity"),
    ("dump-fuse", "dump-fuse"),
    ("fuse-flush-handle-interrupt", "fuse-flush-handle-interrupt"),
    ("fuse-setlk-handle-interrupt", "fuse-setlk-handle-interrupt"),
    ("fuse-handle-copy_file_range", "fuse-handle-copy_file_range"),
    ("fuse-dev-eperm-ratelimit-ns", "fuse-dev-eperm-ratelimit-ns"),
    ("io-engine", "io-engine"),
    ("fopen-keep-cache", "fopen-keep-cache"),
    ("volfile-max-fetch-attempts", "fetch-attempts"),
    ("volfile-server-port", "server-port"),
];

/// What was read so far.
#[derive(Default)]
struct Arguments<'a> {
    servers: Vec<&'a str>,
    volume: Option<&'a str>,
    transport: Option<&'a str>,
    folder: &'a str,
    point: Option<&'a str>,
    options: BTreeSet<String>,
}

/// Returns the mount that a glusterfs process with these arguments (its own name first) serves.
///
/// # Errors
/// Why `mount -t glusterfs` cannot be told to make it again, as a fragment.
pub fn mount_again(argv: &[String]) -> Result<Mount, String> {
    let mut read = Arguments::default();
    let mut rest = argv.iter().skip(1).map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument.strip_prefix("--") {
            None if !argument.starts_with('-') && read.point.is_none() => read.point = Some(argument),
            None => return Err(format!("it was started with `{argument}`, which mount cannot say")),
            Some("process-name") => process_name(rest.next(), &mut read)?,
            Some("xlator-option") => {
                let option = rest.next().ok_or("its arguments end too early")?;
                read.options.insert(match option.strip_prefix("*replicate*.halo-") {
                    Some(halo) => format!("halo-{halo}"),
                    None => format!("xlator-option={option}"),
                });
            }
            Some(argument) => option(argument, &mut read)?,
        }
    }
    read.mount()
}

/// `--process-name fuse`, or `fuse.NAME` where the mount was given one.
fn process_name(name: Option<&str>, read: &mut Arguments<'_>) -> Result<(), String> {
    match name.ok_or("its arguments end too early")? {
        "fuse" => Ok(()),
        name => match name.strip_prefix("fuse.") {
            Some(name) => {
                read.options.insert(format!("process-name={name}"));
                Ok(())
            }
            None => Err(format!("it is called {name}, which no mount is")),
        },
    }
}

fn option<'a>(argument: &'a str, read: &mut Arguments<'a>) -> Result<(), String> {
    let unknown = || format!("it was started with `--{argument}`, which mount cannot say");
    let Some((name, value)) = argument.split_once('=') else {
        let (_, option) = FLAGS.iter().find(|(flag, _)| *flag == argument).ok_or_else(unknown)?;
        read.options.insert((*option).to_owned());
        return Ok(());
    };
    match name {
        "volfile-server" => read.servers.push(value),
        "volfile-id" => read.volume = Some(value),
        "volfile-server-transport" => read.transport = Some(value),
        "subdir-mount" => read.folder = value,
        // The helper says them twice.
        "fuse-mountopts" => read.options.extend(value.split(',').map(str::to_owned)),
        name => {
            let (_, option) = VALUES.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
            read.options.insert(format!("{option}={value}"));
        }
    }
    Ok(())
}

impl Arguments<'_> {
    fn mount(mut self) -> Result<Mount, String> {
        let mut volume = self.volume.ok_or("its arguments name no volume")?;
        if let Some(transport) = self.transport {
            // The transport is said twice too: as an argument, and as the end of the volume's name.
            volume = volume.strip_suffix(transport).and_then(|rest| rest.strip_suffix('.')).unwrap_or(volume);
            self.options.insert(format!("transport={transport}"));
        }
        let (first, backups) = self.servers.split_first().ok_or("its arguments name no server")?;
        let servers = if backups.iter().any(|server| server.contains(':')) {
            // Colons stand between backup servers; addresses of IPv6 hold some of their own.
            self.servers.join(",")
        } else {
            if !backups.is_empty() {
                self.options.insert(format!("backup-volfile-servers={}", backups.join(":")));
            }
            (*first).to_owned()
        };
        if let Some(option) = self
            .options
            .iter()
            .find(|option| option.contains([',', '"']) || option.contains(char::is_whitespace))
        {
            return Err(format!("its option `{option}` cannot be handed to mount"));
        }
        let volume = volume.trim_start_matches('/');
        let source = format!("{servers}:/{volume}{}", self.folder).parse();
        let point = self.point.ok_or("its arguments name no mount point")?;
        if point.contains(|c: char| c.is_whitespace() || c == '\\') {
            return Err("a blank or backslash in its mount point is more than the mount helper can pass on"
                .to_owned());
        }
        let point = if point == "/" { point } else { point.trim_end_matches('/') };
        Ok(Mount {
            source: source.map_err(|error: crate::core::names::InvalidName| error.to_string())?,
            point: point.parse().map_err(|error: crate::core::names::InvalidName| error.to_string())?,
            options: self.options.into_iter().collect(),
        })
    }
}

/// Returns the volume that a program on libgfapi uses, where its arguments say so: `gluster://HOST/VOLUME/…`
/// (qemu), `--volume=VOLUME` (fio), `volume=VOLUME` within a longer argument (qemu's `-blockdev`).
pub fn volume_of(argv: &[String]) -> Option<VolumeName> {
    argv.iter().skip(1).find_map(|argument| {
        let after_url = argument
            .find("gluster://")
            .or_else(|| argument.find("gluster+"))
            .and_then(|at| argument[at..].split_once("://"))
            .and_then(|(_, rest)| rest.split_once('/'))
            .map(|(_, rest)| rest);
        let after_key = || {
            let at = argument.find("volume=")?;
            // `volume=` and not `some_volume=`.
            let whole = argument[..at].chars().next_back().is_none_or(|c| matches!(c, '-' | '.' | ','));
            whole.then(|| &argument[at + "volume=".len()..])
        };
        let rest = after_url.or_else(after_key)?;
        let end = rest.find(['/', ',', '?', '"']).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn argv(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    /// The first is what 10.3's helper started for `-o log-level=WARNING,backup-volfile-servers=g2:g3,acl,noatime`
    /// on bookworm; the others follow from the helper's text.
    #[rstest]
    #[case(
        "/usr/sbin/glusterfs --acl --log-level=WARNING --fuse-mountopts=noatime --process-name fuse --volfile-server=g1 --volfile-server=g2 --volfile-server=g3 --volfile-id=/vol0 --fuse-mountopts=noatime /mnt/a",
        "g1:/vol0 at /mnt/a (acl,backup-volfile-servers=g2:g3,log-level=WARNING,noatime)"
    )]
    #[case(
        "/usr/sbin/glusterfs --process-name fuse --volfile-server=g1 --volfile-id=vol0 /mnt/a/",
        "g1:/vol0 at /mnt/a"
    )]
    #[case(
        "/usr/sbin/glusterfs --read-only --volfile-server=g1 --volfile-server-transport=tcp --volfile-id=/vol0.tcp --subdir-mount=/a/b /mnt",
        "g1:/vol0/a/b at /mnt (ro,transport=tcp)"
    )]
    #[case(
        "/usr/sbin/glusterfs --process-name fuse.x --volfile-server=fd00::1 --volfile-server=fd00::2 --volfile-server-port=24008 --volfile-max-fetch-attempts=3 --volfile-id=/v --xlator-option *replicate*.halo-min-replicas=2 --xlator-option v-client-0.a=b /mnt",
        "fd00::1,fd00::2:/v at /mnt (fetch-attempts=3,halo-min-replicas=2,process-name=x,server-port=24008,xlator-option=v-client-0.a=b)"
    )]
    fn a_mount_is_read_from_its_process(#[case] line: &str, #[case] expected: &str) {
        assert_eq!(mount_again(&argv(line)).unwrap().to_string(), expected);
    }

    #[rstest]
    #[case("glusterfs -s g1 --volfile-id=/v /mnt", "`-s`")]
    #[case("glusterfs --volfile-server=g1 --volfile-id=/v --new-thing=3 /mnt", "`--new-thing=3`")]
    #[case("glusterfs --volfile-server=g1 --volfile-id=/v --new-flag /mnt", "`--new-flag`")]
    #[case("glusterfs --volfile-server=g1 --volfile-id=/v", "no mount point")]
    #[case("glusterfs --volfile=/etc/v.vol /mnt", "`--volfile=/etc/v.vol`")]
    #[case("glusterfs --volfile-server=g1 /mnt", "no volume")]
    #[case("glusterfs --volfile-id=/v /mnt", "no server")]
    #[case("glusterfs --volfile-server=g1 --volfile-id=/v --log-file=/a,b /mnt", "cannot be handed")]
    #[case(
        "glusterfs --volfile-server=g1 --volfile-id=/gluster/glustershd --process-name glustershd /x",
        "no mount is"
    )]
    fn what_mount_cannot_say_is_no_guess(#[case] line: &str, #[case] says: &str) {
        let error = mount_again(&argv(line)).unwrap_err();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn a_blank_in_the_mount_point_is_more_than_the_helper_can_do() {
        let mut argv = argv("glusterfs --volfile-server=g1 --volfile-id=/v");
        argv.push("/mnt/a b".to_owned());
        assert!(mount_again(&argv).unwrap_err().contains("blank"));
    }

    #[rstest]
    #[case("fio --ioengine=gfapi --brick=g1 --volume=vol0 --filename=x", Some("vol0"))]
    #[case("qemu-io -f raw gluster://g1/vol0/img", Some("vol0"))]
    #[case("qemu -drive file=gluster+tcp://g1:24007/vol-1/a.img,format=raw", Some("vol-1"))]
    #[case("qemu -blockdev driver=gluster,volume=vol0,path=a.img", Some("vol0"))]
    #[case("smbd --foreground --no-process-group", None)]
    #[case("x --some_volume=vol0", None)]
    fn a_volume_is_read_from_a_command_line(#[case] line: &str, #[case] expected: Option<&str>) {
        assert_eq!(volume_of(&argv(line)).as_ref().map(VolumeName::as_str), expected);
    }
}
