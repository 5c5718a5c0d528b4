# Moves the folder $1 to $2. Ends with 0 where it is there now and was not before.
set -e
[ -d "$1" ]
[ ! -e "$2" ]
mv "$1" "$2"
[ ! -e "$1" ]
[ -d "$2" ]
echo "$1 is now $2"
