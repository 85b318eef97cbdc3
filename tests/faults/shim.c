/* Faults at the Nth call that changes or opens a file below a folder.
 *
 * Loaded with LD_PRELOAD; does nothing before shim_arm.  Every counted call is
 * told on a descriptor, one line each, in the order in which they happened:
 *
 *     call <TAB> kind <TAB> result <TAB> errno <TAB> path <TAB> second path
 *     fault <TAB> kind <TAB> 0 <TAB> errno <TAB> path <TAB> second path
 *
 * Paths are relative to the folder.  An open that makes a file has the kind
 * "create".  One thread, as the engine that is under test.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum mode { WATCH, KILL_BEFORE, KILL_AFTER, KILL_HALF, FAIL, SHORT };

static char folder[PATH_MAX];
static size_t folder_length; /* 0: not armed */
static enum mode mode;
static long target;  /* the call that meets the fault */
static int number;   /* errno of FAIL, and of what follows SHORT (0: nothing) */
static int for_good; /* every later call meets it too */
static char only[16]; /* a part of the kinds that are counted; empty: all */
static int teller;
static long count;
static int fired;

void shim_arm(const char *below, int how, long nth, int error, int stays,
              const char *kinds, int told_on) {
  snprintf(folder, sizeof folder, "%s", below);
  snprintf(only, sizeof only, "%s", kinds);
  mode = how, target = nth, number = error, for_good = stays;
  teller = told_on, count = 0, fired = 0;
  folder_length = strlen(folder);
}

static void tell(const char *what, const char *kind, long result, int error,
                 const char *path, const char *second) {
  char line[2 * PATH_MAX + 100];
  int length = snprintf(line, sizeof line, "%s\t%s\t%ld\t%d\t%s\t%s\n", what, kind,
                        result, error, path + folder_length + (path[folder_length] == '/'),
                        second ? second + folder_length + 1 : "");
  syscall(SYS_write, teller, line, (size_t)length);
}

static int below(const char *path) {
  return folder_length && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

static int of_handle(int handle, char *path) {
  char link[64];
  if (!folder_length) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

static int of_name(int base, const char *name, char *path) {
  if (!folder_length) return 0;
  if (name[0] == '/') {
    snprintf(path, PATH_MAX, "%s", name);
    return below(path);
  }
  char start[PATH_MAX];
  if (base == AT_FDCWD) {
    if (!getcwd(start, sizeof start)) return 0;
  } else if (!of_handle(base, start)) {
    return 0;
  }
  if (snprintf(path, PATH_MAX, "%s/%s", start, name) >= PATH_MAX) return 0;
  return below(path);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Before a counted call; -1: it fails, errno is set.  length: of a write. */
static int begin(const char *kind, const char *path, const char *second, size_t *length) {
  if (!strstr(kind, only)) return 0;
  count++;
  if (mode == WATCH || count < target || (count > target && !for_good)) return 0;
  int first = !fired++;
  if (first) tell("fault", kind, 0, mode == FAIL ? number : 0, path, second);
  if (mode == KILL_BEFORE) die();
  if (mode == KILL_HALF || (mode == SHORT && first)) {
    if (length && *length > 1) *length /= 2;
    return 0;
  }
  if (mode == FAIL || (mode == SHORT && number)) {
    tell("call", kind, -1, number, path, second);
    errno = number;
    return -1;
  }
  return 0;
}

static long end(const char *kind, const char *path, const char *second, long result) {
  int kept = errno;
  tell("call", kind, result, result < 0 ? kept : 0, path, second);
  if (fired && (mode == KILL_AFTER || mode == KILL_HALF)) die();
  errno = kept;
  return result;
}

#define REAL(type, name, ...)                                     \
  static type (*real)(__VA_ARGS__);                               \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  char path[PATH_MAX];
  if (!of_handle(fd, path)) return real(fd, data, length);
  if (begin("write", path, 0, &length)) return -1;
  return end("write", path, 0, real(fd, data, length));
}

#define PWRITE(name, offset_type)                                             \
  ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
    REAL(ssize_t, name, int, const void *, size_t, offset_type);              \
    char path[PATH_MAX];                                                      \
    if (!of_handle(fd, path)) return real(fd, data, length, offset);          \
    if (begin("pwrite", path, 0, &length)) return -1;                         \
    return end("pwrite", path, 0, real(fd, data, length, offset));            \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SYNC(name)                                 \
  int name(int fd) {                               \
    REAL(int, name, int);                          \
    char path[PATH_MAX];                           \
    if (!of_handle(fd, path)) return real(fd);     \
    if (begin(#name, path, 0, 0)) return -1;       \
    return (int)end(#name, path, 0, real(fd));     \
  }
SYNC(fsync)
SYNC(fdatasync)

#define FTRUNCATE(name, size_type)                        \
  int name(int fd, size_type size) {                      \
    REAL(int, name, int, size_type);                      \
    char path[PATH_MAX];                                  \
    if (!of_handle(fd, path)) return real(fd, size);      \
    if (begin("ftruncate", path, 0, 0)) return -1;        \
    return (int)end("ftruncate", path, 0, real(fd, size)); \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define NAMED(name, kind, before, arguments, base, called)         \
  int name before {                                                \
    REAL(int, name, arguments);                                    \
    char path[PATH_MAX];                                           \
    if (!of_name(base, given, path)) return real called;           \
    if (begin(kind, path, 0, 0)) return -1;                        \
    return (int)end(kind, path, 0, real called);                   \
  }
#define LIST(...) __VA_ARGS__
NAMED(truncate, "truncate", (const char *given, off_t size),
      LIST(const char *, off_t), AT_FDCWD, (given, size))
NAMED(truncate64, "truncate", (const char *given, off64_t size),
      LIST(const char *, off64_t), AT_FDCWD, (given, size))
NAMED(unlink, "unlink", (const char *given), LIST(const char *), AT_FDCWD, (given))
NAMED(unlinkat, "unlink", (int base, const char *given, int flags),
      LIST(int, const char *, int), base, (base, given, flags))
NAMED(mkdir, "mkdir", (const char *given, mode_t rights),
      LIST(const char *, mode_t), AT_FDCWD, (given, rights))
NAMED(mkdirat, "mkdir", (int base, const char *given, mode_t rights),
      LIST(int, const char *, mode_t), base, (base, given, rights))

static int renaming(int from_base, const char *from, int to_base, const char *to,
                    int (*real)(int, const char *, int, const char *)) {
  char path[PATH_MAX], second[PATH_MAX];
  int counted = of_name(from_base, from, path) && of_name(to_base, to, second);
  if (!counted) return real(from_base, from, to_base, to);
  if (begin("rename", path, second, 0)) return -1;
  return (int)end("rename", path, second, real(from_base, from, to_base, to));
}

int renameat(int from_base, const char *from, int to_base, const char *to) {
  REAL(int, renameat, int, const char *, int, const char *);
  return renaming(from_base, from, to_base, to, real);
}

int rename(const char *from, const char *to) {
  REAL(int, renameat, int, const char *, int, const char *);
  return renaming(AT_FDCWD, from, AT_FDCWD, to, real);
}

static int opening(int base, const char *given, int flags, mode_t rights,
                   int (*real)(int, const char *, int, ...)) {
  char path[PATH_MAX];
  if (!of_name(base, given, path)) return real(base, given, flags, rights);
  struct stat seen;
  int makes = (flags & O_CREAT) && lstat(path, &seen);
  const char *kind = makes ? "create" : "open";
  if (begin(kind, path, 0, 0)) return -1;
  return (int)end(kind, path, 0, real(base, given, flags, rights));
}

#define OPEN(name, before, base)                               \
  int name(before const char *given, int flags, ...) {         \
    REAL(int, openat64, int, const char *, int, ...);          \
    va_list more;                                              \
    va_start(more, flags);                                     \
    mode_t rights = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
    va_end(more);                                              \
    return opening(base, given, flags, rights, real);          \
  }
OPEN(open, , AT_FDCWD)
OPEN(open64, , AT_FDCWD)
OPEN(openat, int base LIST(,), base)
OPEN(openat64, int base LIST(,), base)
