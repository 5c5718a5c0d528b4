# Drops whatever comes from the hosts $@ and whatever goes to them. Ends with 0 where they answered before and do not now.
set -e
nft add table inet parted
nft add chain inet parted in '{ type filter hook input priority 0; }'
nft add chain inet parted out '{ type filter hook output priority 0; }'
for name in "$@"; do
    address=$(getent ahostsv4 "$name" | awk '{ print $1; exit }')
    if ! ping -c 1 -W 2 "$address" >/dev/null; then
        echo "$name does not answer as it is" >&2
        exit 1
    fi
    nft add rule inet parted in ip saddr "$address" drop
    nft add rule inet parted out ip daddr "$address" drop
    if ping -c 1 -W 1 "$address" >/dev/null 2>&1; then
        echo "$name still answers" >&2
        exit 1
    fi
done
echo "$* no longer reached"
