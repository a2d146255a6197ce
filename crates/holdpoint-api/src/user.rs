//! A user's own group: that with the number of the user id is somebody else's as often as not.

use std::fs::File;
use std::io::Read as _;

/// Longest list of users in bytes.
const USERS_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The group of a user of this machine, as passwd(5) has it; the group with the number of the user id where it has none.
pub fn group_of(uid: u32) -> u32 {
    let mut text = String::new();
    let read = File::open("/etc/passwd").and_then(|file| file.take(USERS_MAX_BYTES).read_to_string(&mut text));
    read.ok().and_then(|_| group_in(&text, uid)).unwrap_or(uid)
}

fn group_in(users: &str, uid: u32) -> Option<u32> {
    let ids = users.lines().filter_map(|line| {
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?))
    });
    ids.filter(|(user, _)| *user == uid).map(|(_, group)| group).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_group_is_the_one_that_is_written_down() {
        let users = "root:x:0:0::/root:/bin/sh\n# no user\nholdpoint:x:997:996::/:/bin/false\nrunner:x:996:995::/:/bin/false\n";
        assert_eq!((group_in(users, 997), group_in(users, 996), group_in(users, 995)), (Some(996), Some(995), None));
        assert_eq!(group_of(0), 0);
        assert_eq!(group_of(3_999_999_999), 3_999_999_999);
    }
}
