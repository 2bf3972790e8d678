#!/usr/bin/env bash
# A real Slurm cluster of one node on 127.0.0.1, for tests: root on Debian, no systemd needed.
#   slurm_node.sh install DIR only install the packages, if needed
#   slurm_node.sh start DIR   install if needed, start, wait until the node takes jobs
#   slurm_node.sh stop DIR    cancel all jobs and end the daemons
#   slurm_node.sh controller-stop DIR | controller-start DIR
# DIR keeps state, logs, pid files and jobcomp.txt, Slurm's record of finished jobs.
set -euo pipefail

ACTION=${1:?install, start, stop, controller-stop or controller-start}
DIR=$(realpath -m "${2:?folder for state and logs}")
CPUS=${SLURM_NODE_CPUS:-4} # may exceed what the machine has
MEMORY=$(awk '/^MemTotal:/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
CONF=/etc/slurm/slurm.conf
MARK="# a one-node cluster for tests"

fail() {
    echo "slurm_node: $*" >&2
    exit 1
}

install_packages() {
    if command -v slurmctld slurmd munged sbatch >/dev/null; then return; fi
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then # packages must not start services by themselves
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        trap "rm -f $policy" EXIT
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
}

configure() {
    if [ -e $CONF ] && ! grep -qF "$MARK" $CONF; then
        fail "$CONF belongs to another cluster, left alone"
    fi
    mkdir -p /etc/slurm "$DIR"/{log,controller,spool}
    cat >$CONF <<CONF
$MARK
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
MpiDefault=none
MailProg=/bin/true
# no cgroups, no systemd, no database
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
PropagateResourceLimits=NONE
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/jobcomp.txt
EnforcePartLimits=ALL
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
OverTimeLimit=0
KillWait=5
ReturnToService=2
SlurmdParameters=config_overrides
StateSaveLocation=$DIR/controller
SlurmdSpoolDir=$DIR/spool
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd.log
NodeName=node0 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$MEMORY
PartitionName=main Nodes=node0 Default=YES MaxTime=INFINITE DefaultTime=60
CONF
}

munge_works() { munge -n </dev/null 2>/dev/null | unmunge >/dev/null 2>&1; }

start_munge() {
    if munge_works; then return; fi
    install -d -o munge -g munge -m 0700 /etc/munge /var/log/munge /var/lib/munge
    install -d -o munge -g munge -m 0755 /run/munge
    if [ ! -s /etc/munge/munge.key ]; then
        (umask 077 && head -c 1024 /dev/urandom >/etc/munge/munge.key)
    fi
    chown munge:munge /etc/munge/munge.key
    setsid runuser -u munge -- munged --force </dev/null >/dev/null 2>&1
    for _ in $(seq 100); do munge_works && break || sleep 0.1; done
    munge_works || fail "munged does not answer"
    cp /run/munge/munged.pid "$DIR/munged.pid" # ours to stop
}

start_daemon() { setsid "$@" </dev/null >>"$DIR/log/$1.out" 2>&1; }

stop_daemon() { # by the process id that we wrote
    local pid
    pid=$(cat "$DIR/$1.pid" 2>/dev/null) || return 0
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$DIR/$1.pid"
}

wait_for_node() {
    for _ in $(seq 120); do
        case $(timeout 10 sinfo -h -N -n node0 -o %T 2>/dev/null) in
            idle | mixed | allocated | completing) return ;;
            *down* | *drain*) scontrol update NodeName=node0 State=RESUME || true ;;
        esac
        sleep 0.5
    done
    tail -n 5 "$DIR"/log/*.log >&2
    fail "the node takes no jobs"
}

[ "$(id -u)" = 0 ] || fail "needs root"
case $ACTION in
    install) install_packages ;;
    start)
        install_packages
        configure
        start_munge
        start_daemon slurmctld -i
        start_daemon slurmd
        wait_for_node
        ;;
    stop)
        timeout 10 scancel --user=root 2>/dev/null || true
        for _ in $(seq 40); do [ -n "$(timeout 10 squeue -h 2>/dev/null)" ] || break; sleep 0.5; done
        stop_daemon slurmd
        stop_daemon slurmctld
        stop_daemon munged
        rm -f $CONF
        ;;
    controller-stop) stop_daemon slurmctld ;;
    controller-start)
        start_daemon slurmctld -i
        wait_for_node
        ;;
    *) fail "no such action: $ACTION" ;;
esac
