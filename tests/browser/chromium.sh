#!/bin/sh
# Makes sure that a Chromium is there for the browser tests: installs Debian's where that may be done (root, apt-get), and
# says loudly what is missing where it may not. It ends with 0 either way: the tests themselves skip, or fail when CI is set.
set -eu

found() {
    for name in "${CLB_CHROMIUM:-}" chromium chromium-browser google-chrome; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "browser tests: cài chromium bằng apt-get / installing chromium with apt-get" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends chromium >/dev/null 2>&1 ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; } >&2 || true
    found && exit 0
fi
cat >&2 <<'SAY'
!!! KHÔNG CÓ CHROMIUM: các kiểm thử bằng trình duyệt sẽ bị bỏ qua (hoặc hỏng, nếu đặt CI).
!!! Cài bằng: sudo apt-get install chromium; hoặc đặt CLB_CHROMIUM=đường dẫn của một Chromium hay Chrome.
!!! NO CHROMIUM: the browser tests will be skipped (or fail, when CI is set).
!!! Install it with: sudo apt-get install chromium; or set CLB_CHROMIUM to the path of a Chromium or Chrome.
SAY
