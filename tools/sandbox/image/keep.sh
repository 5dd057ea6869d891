# The container's first process. It reaps what is orphaned, and ends with its standard input, which the runtime holds.
exec 3<&0
cat <&3 >/dev/null &
exec 3<&-
wait
