//! The parser of `usage.sh` on what it prints, and the script on a made-up `/proc`.

use super::*;
use rstest::rstest;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn printed(stdout: &str) -> Output {
    Output { status: 0, stdout: stdout.to_owned(), stderr: String::new() }
}

/// What the script printed on a host with a mount, a program on libgfapi and an application of the inventory.
const PRINTED: &str = "\
address 192.0.2.7
mount /mnt/a g1:/vol0 0:119 / readable
mount /mnt/b g1:/vol0 0:119 / readable
mount /mnt/dead g1:/vol0 0:120 / unreadable
kept /mnt/a fstab
serves 245 /mnt/a
argument 245 /usr/sbin/glusterfs
argument 245 --acl
argument 245 --process-name
argument 245 fuse
argument 245 --volfile-server=g1
argument 245 --volfile-id=/vol0
argument 245 /mnt/a
user /mnt/a 286 tail
library 245 current 10.3 - glusterfs
gfapi 300 deleted 10.3 vms.service fio
argument 300 fio
argument 300 --volume=vol0
gfapi 301 current - - glfsheal
asked process:tail
runs process:tail 286
aside-mount g1:/vol1 /mnt/c log-level=WARNING,ro
aside-application vm1
end
";

#[test]
fn what_a_host_uses_is_read() {
    let usage = parse_usage(&printed(PRINTED)).unwrap();
    let again: Vec<String> = usage
        .mounts
        .iter()
        .map(|mount| match &mount.again {
            Observed::Known(again) => again.to_string(),
            Observed::Unknown(reason) => reason.clone(),
        })
        .collect();
    assert_eq!(
        again,
        [
            "g1:/vol0 at /mnt/a (acl)",
            "it shows another mount (mount --bind)",
            "no process serves it: it is dead"
        ]
    );
    let first = &usage.mounts[0];
    assert_eq!((first.kept_by.as_slice(), first.readable), (&["fstab".to_owned()][..], true));
    assert_eq!(first.users.known().unwrap()[0].to_string(), "tail (pid 286)");
    let users = usage.library_users.known().unwrap();
    assert_eq!(users.len(), 2, "a heal's own program is gone in a moment: {users:?}");
    let fio = users.iter().find(|user| user.gfapi).unwrap();
    assert_eq!((fio.process.pid, fio.deleted, fio.unit.as_deref()), (300, true, Some("vms.service")));
    assert_eq!(fio.volume.as_ref().map(|volume| volume.as_str()), Some("vol0"));
    assert_eq!(usage.running["process:tail"], BTreeSet::from([286]));
    let aside: Vec<String> = usage.put_aside.mounts.iter().map(ToString::to_string).collect();
    assert_eq!(aside, ["g1:/vol1 at /mnt/c (log-level=WARNING,ro)"]);
    assert_eq!(usage.put_aside.applications.len(), 1);
}

#[test]
fn a_process_that_cannot_be_seen_makes_all_users_unknown() {
    let usage = parse_usage(&printed("mount /mnt/a g1:/v 0:1 / readable\nunseen 7 qemu\nend\n")).unwrap();
    assert!(usage.library_users.known().unwrap_err().contains("qemu (pid 7)"));
    assert!(usage.mounts[0].users.known().is_err());
}

#[rstest]
#[case("")]
#[case("mount /mnt/a g1:/v 0:1 / readable\n")]
#[case("something else\nend\n")]
fn what_is_cut_or_odd_is_unreadable(#[case] stdout: &str) {
    assert!(parse_usage(&printed(stdout)).is_err());
}

/// Writes a process as the kernel shows one.
fn process(root: &Path, pid: u32, name: &str, argv: &[&str], maps: &str) {
    let directory = root.join("proc").join(pid.to_string());
    fs::create_dir_all(directory.join("fd")).unwrap();
    fs::write(directory.join("comm"), format!("{name}\n")).unwrap();
    fs::write(directory.join("status"), "State:\tS (sleeping)\n").unwrap();
    fs::write(directory.join("cmdline"), argv.iter().map(|word| format!("{word}\0")).collect::<String>())
        .unwrap();
    fs::write(directory.join("maps"), maps).unwrap();
    fs::write(directory.join("cgroup"), "0::/system.slice/vms.service\n").unwrap();
    for (link, target) in [("cwd", "/"), ("root", "/"), ("exe", "/usr/bin/true")] {
        symlink(target, directory.join(link)).unwrap();
    }
}

#[test]
fn the_script_finds_mounts_their_users_and_old_libraries() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fs::create_dir_all(root.join("proc/self")).unwrap();
    fs::create_dir_all(root.join("mnt/a")).unwrap();
    fs::write(
        root.join("proc/self/mountinfo"),
        "20 1 8:1 / / rw,relatime - ext4 /dev/sda rw\n\
         297 20 0:119 / /mnt/a rw,noatime - fuse.glusterfs g1:/vol0 rw,user_id=0\n",
    )
    .unwrap();
    fs::write(root.join("proc/mounts"), "g1:/vol0 /mnt/a fuse.glusterfs rw 0 0\n").unwrap();
    let line = "7f00-7f01 r-xp 00000000 08:01 123  ";
    let old = format!(
        "{line}/usr/lib/libgfapi.so.0.0.0 (deleted)\n{line}/usr/lib/glusterfs/10.3/xlator/meta.so (deleted)\n"
    );
    let current = format!("{line}/usr/lib/libglusterfs.so.0.0.1\n");
    let argv = ["glusterfs", "--process-name", "fuse", "--volfile-server=g1", "--volfile-id=/vol0", "/mnt/a"];
    process(root, 245, "glusterfs", &argv, &current);
    process(root, 300, "fio", &["fio", "--volume=vol0"], &old);
    process(root, 310, "tail", &["tail", "-f", "x"], "");
    symlink("/mnt/a/x", root.join("proc/310/fd/3")).unwrap();
    let mut argv = usage([]).argv;
    *argv.last_mut().unwrap() = root.to_str().unwrap().to_owned();
    argv.extend(["process:tail".to_owned(), "unit:vms.service".to_owned()]);
    let output = std::process::Command::new(&argv[0]).args(&argv[1..]).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let found = parse_usage(&printed(&stdout)).unwrap_or_else(|error| panic!("{error}\n{stdout}"));
    assert_eq!(found.mounts.len(), 1, "{stdout}");
    assert_eq!(found.mounts[0].again.known().unwrap().to_string(), "g1:/vol0 at /mnt/a");
    assert!(found.mounts[0].readable, "{stdout}");
    assert_eq!(found.mounts[0].users.known().unwrap()[0].to_string(), "tail (pid 310)", "{stdout}");
    let fio = found.library_users.known().unwrap().iter().find(|user| user.gfapi).unwrap();
    assert!(fio.deleted, "{stdout}");
    assert_eq!((fio.unit.as_deref(), fio.release), (Some("vms.service"), Some("10.3".parse().unwrap())));
    assert_eq!(found.running["process:tail"], BTreeSet::from([310]), "{stdout}");
    assert!(found.running["unit:vms.service"].contains(&300), "{stdout}");
}
