#!/usr/bin/env bash
# Builds the image for amd64 and arm64 and tries it as it should be run: as a
# user without rights, read-only, without capabilities. Where there is no builder
# or no base image it says so, and takes the same steps without them.
#
#   ENGINE=podman   docker or podman; the first that works by default
#   BASE=stand-in   make the base image from this machine's Go, busybox and
#                   certificates, where none can be pulled
set -euo pipefail
cd "$(dirname "$0")/../.."
self=$PWD/resources/ci/image.sh
tag=s3-destination:check
version=$(git describe --tags --always --dirty 2>/dev/null || echo dev)
created=$(git log -1 --format=%cI 2>/dev/null || echo unknown)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

say() { echo "image: $*"; }

# --- How the tests start the image, and ask about it. ---

# container ENGINE start NAME VARIABLE...: stays in the foreground.
container() {
  local engine=$1 verb=$2 name=$3
  shift 3
  case $verb in
    start)
      local env=()
      for v in "$@"; do env+=(-e "$v"); done
      exec "$engine" run --rm --name "$name" --network host --read-only --cap-drop all \
        --security-opt no-new-privileges "${env[@]}" "$tag"
      ;;
    remove) "$engine" rm -f "$name" >/dev/null 2>&1 || true ;;
    pid) "$engine" inspect -f '{{.State.Pid}}' "$name" ;;
    health)
      # What the HEALTHCHECK of the image says. podman runs it when asked;
      # docker runs it by itself and keeps the answer.
      if [ "$(basename "$engine")" = podman ]; then
        "$engine" healthcheck run "$name"
      else
        for _ in $(seq 40); do
          state=$("$engine" inspect -f '{{.State.Health.Status}}' "$name")
          [ "$state" = starting ] || break
          sleep 1
        done
        echo "$state"
        [ "$state" = healthy ]
      fi
      ;;
  esac
}

# chrooted ROOT start NAME VARIABLE...: nearly the same confinement by hand. The
# bounding set keeps what chroot needs; no-new-privs makes that useless.
chrooted() {
  local root=$1 verb=$2
  shift 3
  case $verb in
    start)
      exec unshare --mount -- sh -c '
        set -e
        root=$1; shift
        mount --bind "$root" "$root"
        mount -o remount,bind,ro "$root"
        exec env -i PATH="$PATH" "$@" setpriv --inh-caps=-all --no-new-privs \
          chroot --userspec=65532:65532 --groups= "$root" /s3-destination run /config.yaml' \
        sh "$root" "$@"
      ;;
    pid) echo "$IMAGE_CLIENT_PID" ;;
    health) "$root/s3-destination" health ;;
    remove) ;;
  esac
}

case ${1:-check} in
  container) shift; container "$@"; exit ;;
  chrooted) shift; chrooted "$@"; exit ;;
  check) ;;
  *) echo "usage: image.sh" >&2; exit 2 ;;
esac

# --- The two ways to a root file system for each architecture. ---

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
host=$(go env GOARCH)

find_engine() {
  local e
  for e in ${ENGINE:-docker podman}; do
    if command -v "$e" >/dev/null && "$e" info >/dev/null 2>&1; then
      echo "$e"
      return
    fi
  done
}

# have_base ENGINE IMAGE: is it here, or can it be had?
have_base() {
  "$1" image inspect "$2" >/dev/null 2>&1 || timeout 300 "$1" pull "$2" >"$work/pull" 2>&1
}

# can_run ENGINE IMAGE: does it start containers here, as the tests will?
can_run() {
  "$1" run --rm --network host --read-only --cap-drop all --security-opt no-new-privileges \
    "$2" go version >"$work/run" 2>&1
}

# stand_in ENGINE IMAGE: what the build stage needs of its base, from this
# machine: a shell, Go and certificates.
stand_in() {
  if ! busybox true 2>/dev/null || ldd "$(command -v busybox)" >/dev/null 2>&1; then
    say "a stand-in needs a static busybox (Debian: busybox-static)"
    exit 1
  fi
  local dir=$work/base root=$work/base/root
  mkdir -p "$root"/{bin,etc/ssl/certs,usr/local,root,tmp}
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  cp -a "$(go env GOROOT)/." "$root/usr/local/go"
  tar -C "$root" -cf "$dir/root.tar" .
  rm -rf "$root"
  printf 'FROM scratch\nADD root.tar /\nENV PATH=/usr/local/go/bin:/bin GOTOOLCHAIN=local GOPATH=/go\n' >"$dir/Dockerfile"
  "$1" build -q -t "$2" "$dir" >/dev/null
}

# build_images ENGINE: the Dockerfile as it is, for both architectures.
build_images() {
  local engine=$1 arch own=()
  # Only this format has a HEALTHCHECK; modules may come from a proxy on this
  # machine; podman 4.3 takes the machine that builds for the one it builds for.
  [ "$(basename "$engine")" = podman ] && own=(--format docker --network host --build-arg "BUILDPLATFORM=linux/$host")
  for arch in amd64 arm64; do
    say "building for $arch with $engine"
    DOCKER_BUILDKIT=1 "$engine" build "${own[@]}" --platform "linux/$arch" \
      --build-arg "GOPROXY=$(go env GOPROXY)" --build-arg "VERSION=$version" \
      --build-arg "CREATED=$created" --build-arg "REVISION=$revision" \
      -t "$tag-$arch" . >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
    inspect_image "$engine" "$arch"
    extract "$engine" "$arch"
  done
  "$engine" tag "$tag-$host" "$tag"
}

# inspect_image ENGINE ARCH: what the image says of itself.
inspect_image() {
  local found want
  found=$("$1" image inspect -f '{{.Architecture}} {{.Config.User}} {{.Config.Entrypoint}} {{.Config.Cmd}} {{index .Config.Labels "org.opencontainers.image.version"}} {{index .Config.Labels "org.opencontainers.image.revision"}} {{index .Config.Labels "org.opencontainers.image.created"}}' "$tag-$2")
  want="$2 65532:65532 [/s3-destination] [run /config.yaml] $version $revision $created"
  [ "$found" = "$want" ] || { say "the image says: $found"; say "and should say:  $want"; exit 1; }
  "$1" image inspect "$tag-$2" | grep -q '"health"' || { say "no HEALTHCHECK"; exit 1; }
  say "$2: $(($("$1" image inspect -f '{{.Size}}' "$tag-$2") / 1000000)) MB"
}

# extract ENGINE ARCH: the root file system of the image.
extract() {
  local id
  mkdir -p "$work/$2"
  id=$("$1" create --platform "linux/$2" "$tag-$2" 2>/dev/null)
  "$1" export "$id" | tar -x -C "$work/$2"
  "$1" rm "$id" >/dev/null 2>&1
}

# build_roots: the steps of the Dockerfile without a builder.
build_roots() {
  local arch root build
  # The command of the Dockerfile itself, so that they cannot differ.
  build=$(sed -n '/^RUN --mount/,/[^\\]$/p' Dockerfile | sed '1d')
  [[ $build = *CGO_ENABLED=0*/out/* ]] || { say "the Dockerfile has no RUN --mount ... go build: $build"; exit 1; }
  for arch in amd64 arm64; do
    root=$work/$arch
    say "building for $arch with go"
    mkdir -p "$root/etc/ssl/certs"
    TARGETOS=linux TARGETARCH=$arch VERSION=$version CREATED=$created sh -c "${build//\/out\//$root/}"
    cp LICENSE NOTICE "$root/"
    cp config/docker.yaml "$root/config.yaml"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    chmod -R a+rX "$root"
  done
}

run_tests() {
  IMAGE_ROOTS="amd64=$work/amd64 arm64=$work/arm64" IMAGE_RUN=$1 \
    go test -modfile=release.mod -count=1 -timeout 10m -v -run '^TestImage' ./cmd/s3-destination >"$work/tests" 2>&1 ||
    { cat "$work/tests"; exit 1; }
  grep -E '^(--- |ok)' "$work/tests"
}

may_chroot() {
  [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
    unshare --mount -- sh -c "mount --bind '$work' '$work' && mount -o remount,bind,ro '$work'" 2>/dev/null
}

base=$(sed -n 's/^ARG GO_IMAGE=//p' Dockerfile)
engine=$(find_engine)
if [ -z "$engine" ]; then
  say "no builder here (${ENGINE:-docker or podman} that answers \`info\`)"
elif ! have_base "$engine" "$base"; then
  if [ "${BASE:-}" = stand-in ]; then
    say "making a stand-in for $base from this machine's Go and busybox"
    stand_in "$engine" "$base"
    made=$engine # nobody else shall take it for the real one
    trap '"$made" rmi -f "$base" >/dev/null 2>&1; rm -rf "$work"' EXIT
  else
    say "$engine is here, but $base is neither here nor to be pulled: $(tail -1 "$work/pull")"
    say "(BASE=stand-in makes one from this machine's Go and busybox)"
    engine=
  fi
fi
if [ -n "$engine" ] && ! can_run "$engine" "$base"; then
  say "$engine does not start containers here: $(tail -1 "$work/run")"
  engine=
fi

if [ -n "$engine" ]; then
  build_images "$engine"
  run_tests "$self container $engine start"
  say "the image was built and run with $engine"
else
  say "so no image is built: the stages are taken with go, without a builder"
  build_roots
  if may_chroot; then
    run_tests "$self chrooted $work/$host start"
    say "the root file system of the image was run under chroot, read-only, as user 65532"
  else
    run_tests ""
    say "it was not run: that needs a builder, or root and the right to mount"
  fi
fi
