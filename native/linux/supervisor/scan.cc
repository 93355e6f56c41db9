// A directory's entries with everything a layer records: getdents64(2), fstatat(2), readlinkat(2), llistxattr(2).
//
// In the memfd, one step for each entry: the 13 ints of PutStat after a 0; strings name, link target, then one string of "name NUL u32 length bytes"
// for all extended attributes. Names only: the int is the DT_* type, the string the name.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "linux/supervisor/files.h"
#include "linux/supervisor/long_answer.h"

namespace stratabox {

namespace {

// What a directory may make of this process's memory, whoever fills it.
constexpr size_t kScanMax = 256u << 20;

char names[65536], value[65536];

StepResult Attributes(int directory, const char* name, LongAnswer* out) {
  // Through the directory's magic link: there is no getxattrat(2) before Linux 6.13, and a link's own attributes need the l-forms.
  char path[512];
  snprintf(path, sizeof path, "/proc/self/fd/%d/%s", directory, name);
  const ssize_t size = llistxattr(path, names, sizeof names);
  if (size < 0) return errno == EOPNOTSUPP ? Ok() : Fail("llistxattr", name);
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(strlen(names + at)) + 1) {
    const ssize_t got = lgetxattr(path, names + at, value, sizeof value);
    if (got < 0) {
      if (errno == ENODATA || errno == EPERM || errno == EACCES) continue;
      return Fail("lgetxattr", name);
    }
    const uint32_t length = static_cast<uint32_t>(got);
    out->Put(names + at, strlen(names + at) + 1);
    out->Put(&length, sizeof length);
    out->Put(value, length);
  }
  return Ok();
}

StepResult Entry(int directory, const char* name, LongAnswer* out, LongAnswer* attributes) {
  struct stat info;
  if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return Fail("fstatat", name);
  char target[4096];
  ssize_t length = 0;
  if (S_ISLNK(info.st_mode)) {
    // By descriptor: the name may be another thing's by now.
    const int link = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (link < 0) return Fail("openat", name);
    if (fstat(link, &info) == 0 && S_ISLNK(info.st_mode)) length = readlinkat(link, "", target, sizeof target);
    close(link);
    if (length < 0) return Fail("readlinkat", name);
  }
  attributes->size = 0;
  const StepResult read = Attributes(directory, name, attributes);
  if (!read.ok()) return read;
  // The same 14 ints a Writer would put, without a Writer's bound on size.
  Writer ints(0, kFsReply);
  ints.Int(0);
  PutStat(&ints, info);
  const uint16_t strings = 3;
  out->Put(ints.data() + 8, 4);
  out->Put(&strings, 2);
  out->Put("\0", 2);
  out->Put(ints.data() + 16, ints.size() - 16);
  out->Text(name, strlen(name));
  out->Text(target, static_cast<size_t>(length));
  out->Text(attributes->data, attributes->size);
  return Ok();
}

StepResult Name(int directory, const char* name, unsigned char type, LongAnswer* out) {
  struct stat info;
  if (type == DT_UNKNOWN && fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0) type = static_cast<unsigned char>(IFTODT(info.st_mode));
  out->Numbered(type, name, strlen(name));
  return Ok();
}

}  // namespace

int Scan(int directory, uint32_t id, bool names_only, StepResult* failure) {
  LongAnswer out, attributes;
  out.Begin(id);
  alignas(8) char buffer[32768];
  for (;;) {
    const long got = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
    if (got < 0) {
      *failure = Fail("getdents64");
      return -1;
    }
    if (got == 0) return out.Memfd(failure);
    for (long at = 0; at < got;) {
      const struct dirent64* entry = reinterpret_cast<struct dirent64*>(buffer + at);
      at += entry->d_reclen;
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      const StepResult result = out.size > kScanMax ? StepResult{E2BIG, "getdents64", ""}
                                : names_only        ? Name(directory, entry->d_name, entry->d_type, &out)
                                                    : Entry(directory, entry->d_name, &out, &attributes);
      // Gone between the listing and the look: as if it had never been listed.
      if (result.ok() || result.error == ENOENT) continue;
      *failure = result;
      return -1;
    }
  }
}

int ScanEntry(int directory, const char* name, uint32_t id, StepResult* failure) {
  LongAnswer out, attributes;
  out.Begin(id);
  *failure = Entry(directory, name, &out, &attributes);
  return failure->ok() ? out.Memfd(failure) : -1;
}

}  // namespace stratabox
