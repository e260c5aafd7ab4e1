"""Archives larger than a machine's folder: pictures at any URL, many workers, a manifest.

from jpegpre_tf import cluster

summary = cluster.run_batch(cluster.BatchJob("s3://photos", "s3://smaller", workers=2))

Imports neither TensorFlow nor, before they are used, fsspec, pyarrow and Ray (extra [cluster]).
"""

from jpegpre_tf.cluster.batch import BatchSummary, run_batch
from jpegpre_tf.cluster.job import BatchJob
from jpegpre_tf.cluster.manifest import read_manifest
from jpegpre_tf.cluster.rows import Row
from jpegpre_tf.storage.storage import Storage

__all__ = ["BatchJob", "BatchSummary", "Row", "Storage", "read_manifest", "run_batch"]
