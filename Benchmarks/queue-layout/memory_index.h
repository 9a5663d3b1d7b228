#ifndef MEMORY_INDEX_H
#define MEMORY_INDEX_H
/// Checks the hash against published vectors and the index against itself, and prints what both cost alone.
void measure_memory_index(void);
#endif
