#!/bin/sh
# Builds programs and plugins that fork and join inline in every way that decides which thread-local variable their code
# reads: position-independent or not, with either library, by each linker that is here. Each must fork to the deque of
# the worker that it runs on; see self/forks.h.
#
# Usage: CC=... CXX=... self.sh <folder of rove.pc>
set -eu
PKG_CONFIG_PATH=$1
export PKG_CONFIG_PATH
here=$(cd "$(dirname "$0")" && pwd)/self

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

include=$(pkg-config --cflags rove)
folder=$(pkg-config --variable=libdir rove)
shared="-L$folder -lrove -Wl,-rpath,$folder"
static="$folder/librove.a $(pkg-config --static --libs rove | sed 's/-lrove\>//') -lm"
runs=0

# compile <object> <flag>...: from the source of that name. The second object of a program may be compiled as C++.
compile()
{
    object=$1
    shift
    # shellcheck disable=SC2086
    "$CC" -c "$here/$object.c" -O2 $include "$@" -o "$object.o"
}

compile_program()
{
    compile program "$@"
    compile second "$@"
}

# run <what it is> <program> <argument>...: once as it is, and once where weak symbols yield to those of libraries. What
# is wrong may crash, hang, or say so.
run()
{
    what=$1
    shift
    for setting in "" LD_DYNAMIC_WEAK=1; do
        timeout 60 env $setting ./"$@" || {
            echo "wrong: $what $setting"
            exit 1
        }
    done
    runs=$((runs + 1))
}

# link_and_run <what it is> <flags of the linker>: what compile_program has made, with the shared and static library.
link_and_run()
{
    for library in shared static; do
        eval "libraries=\$$library"
        # shellcheck disable=SC2086
        "$CC" program.o second.o $2 $libraries -o program
        run "$1, $library library, $2" program
    done
}

# The linkers that this compiler finds; the first is its own choice.
linkers=" "
for linker in bfd gold lld; do
    if echo 'int main(void) { return 0; }' | "$CC" -x c - -fuse-ld=$linker -o trial 2>/dev/null && ./trial; then
        linkers="$linkers -fuse-ld=$linker"
    fi
done

# Programs. One that exports nothing must not become two variables either.
for mode in "-fno-pie -no-pie" "-fPIE -pie" "-fPIC -pie"; do
    compile_program ${mode% *}
    link_and_run "program ${mode% *}" "${mode#* }"
    for linker in $linkers; do
        link_and_run "program ${mode% *}" \
            "${mode#* } $linker -Wl,-z,now -Wl,--as-needed -Wl,--gc-sections -Wl,--version-script=$here/hide.map"
    done
    link_and_run "program ${mode% *}" "${mode#* } -rdynamic"
done
for flags in -O0 -fvisibility=hidden "-ffunction-sections -fdata-sections"; do
    # shellcheck disable=SC2086
    compile_program $flags
    link_and_run "program $flags" "-Wl,--gc-sections"
done

# Objects of different kinds in one program, one of them C++.
compile program -fPIC
compile second -fPIE
link_and_run "PIC and PIE" "-pie"
# shellcheck disable=SC2086
"$CXX" -x c++ -std=c++17 -c "$here/second.c" -O2 $include -o second.o
compile program
link_and_run "C and C++" "-lstdc++"

# Optimization by the linker, where the compiler and a linker agree on it.
for linker in "" $linkers; do
    # shellcheck disable=SC2086
    if echo 'int main(void) { return 0; }' | "$CC" -flto -x c - $linker -o trial 2>/dev/null && ./trial; then
        compile_program -flto
        link_and_run "program -flto" "-flto $linker"
    fi
done

# Two bundles of objects whose hidden symbols were made their own: a program with two copies of everything inline.
if command -v ld >/dev/null && command -v objcopy >/dev/null; then
    compile_program
    for object in program second; do
        ld -r $object.o -o bundle.o
        objcopy --localize-hidden bundle.o $object.o
    done
    link_and_run "bundles" ""
fi

# Plugins that link the shared library, in programs that link it, that link the other one, and that link none.
compile plugin -fPIC
# shellcheck disable=SC2086
"$CC" -shared plugin.o $shared -o plugin.so
for mode in "-fno-pie -no-pie" "-fPIE -pie"; do
    compile_program ${mode% *}
    for library in shared static; do
        eval "libraries=\$$library"
        for flag in "" -rdynamic; do
            # shellcheck disable=SC2086
            "$CC" program.o second.o ${mode#* } $flag $libraries -ldl -o program
            run "plugin in a program ${mode% *} $flag, $library library" program ./plugin.so
        done
    done
done
compile host
"$CC" host.o -ldl -o host
run "plugin in a program without Rove" host ./plugin.so

# Code for executables cannot become a plugin: a linker that makes one of it nevertheless has to make a right one.
compile plugin -fPIE
for linker in "" $linkers; do
    # shellcheck disable=SC2086
    if "$CC" -shared plugin.o $linker $shared -o wrong.so 2>/dev/null; then
        run "plugin of code for executables, $linker" host ./wrong.so
    fi
done

# Workers that are older than the program's constructors.
compile early -fPIC
# shellcheck disable=SC2086
"$CC" -shared early.o $shared -o libearly.so
for mode in "-fno-pie -no-pie" "-fPIE -pie"; do
    compile early_user ${mode% *}
    # shellcheck disable=SC2086
    "$CC" early_user.o ${mode#* } ./libearly.so $shared -o early
    run "workers that come first, ${mode% *}" early
done

# Who includes the headers and calls nothing links nothing.
for flags in -O0 -O2; do
    compile bystander $flags
    "$CC" bystander.o -o bystander
    ./bystander
done

echo "$runs programs"
