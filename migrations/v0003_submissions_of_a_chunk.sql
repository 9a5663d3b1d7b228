-- Records of many small submissions share a chunk.

-- Which records came with which submission, where it is not one for all: see SubmissionRuns. `submission` is the first's.
ALTER TABLE chunk ADD COLUMN runs BLOB;
