# Counts instructions with valgrind: they do not depend on what else the machine does. To be read by a script.

# instructions <program> <form> <n>: how many instructions the program executes.
instructions()
{
    HWLOC_COMPONENTS=stop valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" "$3" 2>&1 |
        sed -n 's/.*Collected : *//p'
}

# hundredths <program> <form>: hundredths of instructions per fork and join. fib(15) forks 986 times, fib(23) 46,367 times.
hundredths()
{
    small=$(instructions "$1" "$2" 15)
    large=$(instructions "$1" "$2" 23)
    if [ -z "$small" ] || [ -z "$large" ]; then
        echo "valgrind did not count" >&2
        exit 1
    fi
    echo $(((large - small) * 100 / (46367 - 986)))
}

# decimal <hundredths>
decimal()
{
    printf '%d.%02d' $(($1 / 100)) $(($1 % 100))
}
