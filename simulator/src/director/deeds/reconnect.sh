# Takes back what keeps the hosts $@ out. Ends with 0 where they did not answer before and do now.
set -e
for name in "$@"; do
    address=$(getent ahostsv4 "$name" | awk '{ print $1; exit }')
    if ping -c 1 -W 1 "$address" >/dev/null 2>&1; then
        echo "$name answers as it is" >&2
        exit 1
    fi
done
nft delete table inet parted
for name in "$@"; do
    ping -c 1 -W 2 "$(getent ahostsv4 "$name" | awk '{ print $1; exit }')" >/dev/null
done
echo "$* reached again"
