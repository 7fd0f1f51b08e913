// Package kube is the data plane on Kubernetes: it observes the workloads of
// products and changes them, one replica at a time.
//
// # What is observed
//
// Each product has an informer of its own, narrowed by the product's selector,
// whose objects are cut down to what is needed. A cluster at rest is read from
// its workload's status alone; the pods of a workload are listed only while it
// is between two versions or not ready. Whether the API server can be reached is
// known from the watches that are open, and from a probe: what is in a cache is
// never taken for what is true when nobody could have said otherwise.
//
// # How a StatefulSet is upgraded
//
//	state                     what is written
//	at rest                   image, and partition = replicas: touches no pod
//	next replica is n         partition = n: the controller replaces pod n
//	to be halted              nothing
//	redirected half way       image and OnDelete in one patch: touches no pod;
//	                          pods are then replaced one by one by evicting them
//	redirected pods are done  RollingUpdate and partition = n again
//
// A partition is never raised past a pod that was touched: that pod would come
// back on the old image when it restarts. This is why a redirect half way goes
// through OnDelete; it ends with the step at which every pod below the partition
// runs the current revision and every other the new one (see [ratchet]). While it
// lasts, a pod that is lost for other reasons comes back on the new version.
//
// The controller does not replace a pod that never became ready when its pods
// are managed in order. Such a pod, if it is the only one that is down, is
// deleted by the step that is to replace it.
//
// # How it is written
//
// By server-side apply with the field manager "wavegate" and exactly the fields
// that are ours: the image of the product's container, the partition, paused, and
// annotations below wavegate.dev/. Every write carries the resource version of
// the observation that it was decided on, so that a stale plan conflicts. Only
// the change to OnDelete and back is a patch, because it takes away fields that
// others own.
package kube
