#!/bin/sh
# Ray Serve writes statistics and metrics binds on every interface and a world-writable admin
# socket into its template, tells replicas nothing of where a request comes from, and names each
# answer a second time, as its caller did whatever that was. This stands in for the binary: it keeps
# them on loopback and private, passes the address on, leaves our own name of a request, and ties
# the process to its parent so that it cannot outlive the stack.
set -eu
one_name='http-response set-header x-request-id %[res.fhdr(x-request-id,1)]'
one_name="$one_name if { res.fhdr(x-request-id) -m found }"
rewrite() {
    sed -E \
        -e 's/^([[:space:]]*bind )(\*|0\.0\.0\.0|):/\1127.0.0.1:/' \
        -e 's/ mode 666 / mode 600 /' \
        -e 's/^defaults$/&\n    option forwardfor/' \
        -e "s/^frontend http_frontend\$/&\n    $one_name/" \
        "$1" > "$1.draft.$$"
    mv "$1.draft.$$" "$1.loopback"
}
count=$#
follows_f=no
while [ "$count" -gt 0 ]; do
    argument=$1
    shift
    count=$((count - 1))
    if [ "$follows_f" = yes ]; then
        rewrite "$argument"
        argument="$argument.loopback"
    fi
    if [ "$argument" = "-f" ]; then follows_f=yes; else follows_f=no; fi
    set -- "$@" "$argument"
done
exec setpriv --pdeathsig TERM "$HELIOSTAT_HAPROXY" "$@"
