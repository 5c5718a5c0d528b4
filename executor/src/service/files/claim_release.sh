# Takes the claim of the text $2 away from this host, below the folder $1 (empty on a real one). Another claim stays.
# Prints `released`, or `none` where there is no such claim; at last `end`.
LC_ALL=C
export LC_ALL
folder=$1/var/lib/gluster-upgrade
claim=$folder/claim.json
if [ -e "$claim" ]; then
    { exec 9<"$folder" && flock -w 20 9; } || exit 1
    if [ "$(head -c 4096 "$claim")" = "$2" ]; then
        rm -f "$claim" && printf 'released\nend\n'
        exit
    fi
fi
printf 'none\nend\n'
