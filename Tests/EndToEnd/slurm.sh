#!/usr/bin/env bash
# Launch/slurm.sbatch on a real Slurm, which runs on this host for the length of the test, with ports, key and state of
# its own: no configuration, service or job of the machine is touched.
set -euo pipefail
# shellcheck source=Tests/EndToEnd/lib.bash
source "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

job=$root/Jobs/tiny.yaml
batch=$root/Launch/slurm.sbatch
cd "$work"

# refused NAME CODE PATTERN COMMAND...: the exit code, and one line that matches.
refused() {
    local name=$1 code=$2 pattern=$3 found=0
    shift 3
    "$@" >refused.log 2>&1 || found=$?
    if [ "$found" -eq "$code" ] && [ "$(wc -l <refused.log)" -eq 1 ] && grep -q "$pattern" refused.log; then
        pass "$name"
    else
        fail "$name: exit code $found, not $code with one line about '$pattern'" refused.log
    fi
}
mkdir bin
for tool in bash hostname; do ln -s "$(command -v $tool)" bin/; done
refused "no job file" 64 "no job file" bash "$batch"
refused "an option in place of the job" 64 "no job file" bash "$batch" --set seed=1
refused "the script run without Slurm" 64 "sbatch" env -u SLURM_JOB_ID bash "$batch" "$job"
refused "a job file that is not there" 64 "nowhere.yaml" env SLURM_JOB_ID=1 bash "$batch" nowhere.yaml
refused "no mpirun" 69 "mpirun" env SLURM_JOB_ID=1 PATH="$work/bin" bash "$batch" "$job"
refused "a program that is none" 69 "SWIFTLET" env SLURM_JOB_ID=1 SWIFTLET="$work/bin" bash "$batch" "$job"
check "help names the options" grep -q 'OPTION OF sbatch' <(bash "$batch" --help)

PATH=$PATH:/usr/sbin:/sbin
if [ "$(id -u)" -ne 0 ] || ! command -v slurmctld slurmd munged sbatch >/dev/null; then
    printf 'skip  training on Slurm: needs root, and the packages slurm-wlm and munge\n'
    exit 0
fi

# A Slurm of two nodes, n1 and n2, which are both this host.

# Three ports that nobody listens on, below those that the system hands out.
port=$((20000 + $$ % 3000 * 3))
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
while taken $port || taken $((port + 1)) || taken $((port + 2)); do port=$((port + 3)); done
host=$(hostname -s)
mkdir -m 755 slurm
mkdir slurm/{munge,state}
head -c 1024 /dev/urandom >slurm/munge/key
chmod 600 slurm/munge/key

# Many CPUs, whatever the host has: all jobs run at once. A job that is requeued waits as long as a credential lasts,
# 5 s at least.
cat >slurm/slurm.conf <<CONF
ClusterName=swiftlet
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/slurm/munge/socket,cred_expire=5
MailProg=/bin/true
StateSaveLocation=$work/slurm/state
SlurmdSpoolDir=$work/slurm/spool-%n
SlurmctldPidFile=$work/slurm/slurmctld.pid
SlurmdPidFile=$work/slurm/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=16
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=16
PartitionName=test Nodes=n1,n2 Default=YES State=UP
CONF
export SLURM_CONF=$work/slurm/slurm.conf
daemons=()

# shellcheck disable=SC2329  # called at the end
release() {
    if [ ${#daemons[@]} -eq 4 ]; then
        scancel -u root 2>/dev/null || true
        until_seconds 10 idle || pkill -9 -f "output_dir=$work" || true
    fi
    kill "${daemons[@]}" 2>/dev/null || true
    wait "${daemons[@]}" 2>/dev/null || true
}

# shellcheck disable=SC2329  # called by until_seconds
idle() { [ -z "$(squeue -h 2>/dev/null)" ]; }
# shellcheck disable=SC2329  # called by until_seconds
up() { [ "$(sinfo -h -N -t idle 2>/dev/null | wc -l)" -eq 2 ]; }

munged --foreground --force --key-file="$PWD/slurm/munge/key" --socket="$PWD/slurm/munge/socket" \
    --pid-file="$PWD/slurm/munge/pid" --log-file="$PWD/slurm/munge/log" --seed-file="$PWD/slurm/munge/seed" \
    >slurm/munged.log 2>&1 &
daemons+=($!)
until_seconds 10 test -S slurm/munge/socket || fail "munged starts" slurm/munged.log
slurmctld -D -f "$SLURM_CONF" >slurm/slurmctld.log 2>&1 &
daemons+=($!)
for node in n1 n2; do
    slurmd -D -N $node -f "$SLURM_CONF" >slurm/$node.log 2>&1 &
    daemons+=($!)
done
if ! until_seconds 20 up; then
    fail "a Slurm of two nodes starts" slurm/slurmctld.log
    fail "its nodes are idle" slurm/n1.log
    exit 1
fi

# The jobs.

declare -A ids
# submit NAME OPTION OF sbatch... -- SCRIPT JOB OPTION...: the output goes to NAME.out.
submit() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    ids[$name]=$(sbatch --parsable --output="$work/$name.out" "${options[@]}" "$@" --set output_dir="$work/$name")
}

# what NAME KEY: of the job's record.
what() { scontrol -o show job "${ids[$1]}" | sed -nE "s/.*[[:space:]]$2=([^[:space:]]*).*/\1/p"; }
# shellcheck disable=SC2329  # called by until_seconds
ended() { case $(what "$1" JobState) in PENDING | CONFIGURING | RUNNING | COMPLETING) return 1 ;; esac; }
# shellcheck disable=SC2329  # called by until_seconds
trains() { [ -s "$1/metrics.jsonl" ] && [ "$(grep -c '"loss"' "$1/metrics.jsonl")" -ge 2 ]; }

# ends NAME STATE CODE: the job ends so, in time.
ends() {
    local found
    until_seconds 60 ended "$1" || true
    found="$(what "$1" JobState) $(what "$1" ExitCode)"
    if [ "$found" = "$2 $3" ]; then pass "$1: $2 $3"; else fail "$1: $found, not $2 $3" "$1.out"; fi
}

# A clone elsewhere: the script must find the program beside itself, though Slurm runs a copy of the script.
mkdir -p "a clone/Launch" "a clone/.build/release"
cp "$batch" "a clone/Launch/"
ln -s "$swiftlet" "a clone/.build/release/swiftlet"
steps=(--set max_steps=100 --set eval_steps=25 --set save_steps=0)
submit whole -c 1 -- "$batch" "$job" "${steps[@]}"
submit stopped --no-requeue -- "$batch" "$job" --set max_steps=100000 --set save_steps=0
# Two nodes that are one host would take each other's shared memory for their own.
OMPI_MCA_btl=tcp,self submit requeued -N 2 --ntasks-per-node=1 -- "$batch" "$job" "${steps[@]}"
submit quickstart -- "$batch" "$root/Jobs/quickstart.yaml" --set max_steps=5 --set val_set_size=8
SWIFTLET='' submit wrong -- "a clone/Launch/slurm.sbatch" "$job" --set nonsense=1

# Asked to stop, as Slurm asks before the time limit: saved, and back in the queue, or ended with 75.
for name in requeued stopped; do
    until_seconds 30 trains "$name" || fail "$name trains" "$name.out"
    scancel --batch --signal=USR1 "${ids[$name]}" || true
done
ends wrong FAILED 64:0
lines=$(grep -ci error wrong.out || true)
if [ "$lines" -eq 1 ] && grep -q nonsense wrong.out; then
    pass "a bad key is one line"
else
    fail "a bad key is $lines lines" wrong.out
fi
ends whole COMPLETED 0:0
check "the job leaves an adapter" test -s whole/adapter/adapter_model.safetensors
check "on two ranks of one thread" grep -q '2 ranks on 1 node, 1 thread each' whole.out
ends quickstart COMPLETED 0:0
check "the quickstart leaves an adapter" test -s quickstart/adapter/adapter_model.safetensors
ends stopped FAILED 75:0
check "without requeue it says how to go on" grep -q 'submit the same command again' stopped.out
ends requeued COMPLETED 0:0
check "the job was requeued once" test "$(what requeued Restarts)" -eq 1
check "and resumed" grep -q 'resumed from step' requeued.out
check "it ran on two nodes" grep -q '2 ranks on 2 nodes' requeued.out
same "stopped, requeued and resumed on two nodes" whole requeued
