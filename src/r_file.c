#include <stdio.h>

#include "r_common.h"

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

/* Whether what was written to the file, or the entries of the folder, have reached the disk. */
static bool reaches_disk(const char *path) {
#ifdef _WIN32
  int file = _open(path, _O_RDWR | _O_BINARY);
  if (file < 0) return true; /* a folder, whose entries Windows keeps in step by itself */
  bool done = _commit(file) == 0;
  _close(file);
#else
  int file = open(path, O_RDONLY);
  if (file < 0) return false;
  bool done = fsync(file) == 0;
  close(file);
#endif
  return done;
}

SEXP fastmlp_sync(SEXP path) {
  const char *name = R_ExpandFileName(unpack_string(path, "path"));
  return Rf_ScalarLogical(reaches_disk(name));
}
