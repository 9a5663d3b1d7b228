#pragma once
// The heap's settings, which Swift's Glibc module does not have.
#include <malloc.h>
