# Writes the mutants of a header: each memory order stronger than relaxed is weakened in every way there is, and each
# comparison is moved by one, or turned round if it is for equality. A line of output: number of the line, function, the
# line after the change, which are separated by tabs. The code must be laid out by clang-format: one statement a line.

BEGIN {
    OFS = "\t"
    weaker["LOAD SEQ_CST"] = "ACQUIRE RELAXED"
    weaker["STORE SEQ_CST"] = "RELEASE RELAXED"
    weaker["CAS SEQ_CST"] = "ACQ_REL ACQUIRE RELEASE RELAXED"
    weaker["CAS ACQ_REL"] = "ACQUIRE RELEASE RELAXED"
    weaker["LOAD ACQUIRE"] = weaker["STORE RELEASE"] = weaker["CAS RELEASE"] = "RELAXED"
    moved["<"] = "<="
    moved["<="] = "<"
    moved[">"] = ">="
    moved[">="] = ">"
    moved["=="] = "!="
    moved["!="] = "=="
}

# The operation whose order this is: the last one that is opened before and not closed.
function operation(before,    depth, at)
{
    for (at = length(before); at > 0; at--) {
        if (substr(before, at, 1) == ")")
            depth++
        else if (substr(before, at, 1) == "(" && depth-- == 0)
            break
    }
    before = substr(before, 1, at - 1)
    sub(/.*ROVEI_/, "", before)
    return before
}

function change_orders(code,    before, rest, order, count, to, i)
{
    before = ""
    rest = code
    while (match(rest, /, (ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)\)/)) {
        order = substr(rest, RSTART + 2, RLENGTH - 3)
        before = before substr(rest, 1, RSTART + 1)
        rest = substr(rest, RSTART + RLENGTH - 1)
        count = split(weaker[operation(before) " " order], to, " ")
        for (i = 1; i <= count; i++)
            print NR, name, before to[i] rest
        before = before order
    }
}

function change_comparisons(code,    before, rest, sign)
{
    before = ""
    rest = code
    while (match(rest, / (<|<=|>|>=|==|!=) /)) {
        sign = substr(rest, RSTART + 1, RLENGTH - 2)
        before = before substr(rest, 1, RSTART)
        rest = substr(rest, RSTART + RLENGTH - 1)
        print NR, name, before moved[sign] rest
        before = before sign
    }
}

/^static (inline|__attribute__)/ {
    name = $0
    sub(/__attribute__\(\([^)]*\)\)/, "", name)
    sub(/\(.*/, "", name)
    sub(/.*[ *]/, "", name)
}

/^    / && !/^ *(\/\*|\*)/ {
    code = $0
    sub(/ *\/\*.*/, "", code)
    change_orders(code)
    change_comparisons(code)
}
