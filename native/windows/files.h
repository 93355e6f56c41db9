// Files by the descriptor of a directory: what openat(2) and its family are on Linux, on handles of NT. Errors are Linux's numbers, as TypeScript knows them.
#pragma once
#include <string>
#include <vector>

#include "windows/call.h"

namespace stratabox {

/** A status of NT with the value that a call returned it for. */
using Status = long;

/** Error numbers as src/core/errno.ts has them. */
enum Errno : int {
  kPerm = 1, kNoEntry = 2, kIo = 5, kBadFile = 9, kAccess = 13, kBusy = 16, kExists = 17, kCrossDevice = 18, kNotDirectory = 20, kIsDirectory = 21,
  kInvalid = 22, kManyFiles = 24, kNoSpace = 28, kReadOnly = 30, kManyLinks = 31, kNameTooLong = 36, kNotEmpty = 39, kLoop = 40, kNotSupported = 95,
};

/** One call about files. Paths are bytes: UTF-8, a lone surrogate as its three bytes. */
class FileCall : public Call {
 public:
  using Call::Call;
  /** The handle behind a descriptor of Node's. */
  HANDLE Descriptor(size_t at) const;
  /** A path below a directory, as its names; "." and "" are none. What leads elsewhere ("..", a stream) is EINVAL. */
  std::vector<std::wstring> Names(size_t at) const;
  /** As Names, for a name that is to be made: what Win32 reads as something else than a name (NUL, `x.`) is EINVAL too. What others made so can be removed. */
  std::vector<std::wstring> NewNames(size_t at) const;
  std::wstring HostPath(size_t at) const;
  int64_t Wide(size_t at) const;
  [[noreturn]] void FailErrno(int error) const;
  [[noreturn]] void FailWith(Status status) const;
  void Check(Status status) const {
    if (status < 0) FailWith(status);
  }
  /** A descriptor of Node's for a handle, which is its from now on. */
  Napi::Value DescriptorValue(Owned handle) const;
};

/** What NtCreateFile is asked for. */
struct OpenHow {
  ACCESS_MASK access = FILE_READ_ATTRIBUTES;
  ULONG disposition = 1;  // FILE_OPEN
  ULONG options = 0;
  ULONG attributes = 0;
};

constexpr ULONG kDirectoryFile = 0x1;
constexpr ULONG kNonDirectoryFile = 0x40;

/** Opens what `names` lead to below `base`. No reparse point is followed: one on the way is ELOOP; one at the end is opened itself. */
Status OpenBelow(HANDLE base, const std::vector<std::wstring>& names, const OpenHow& how, Owned* opened);
/** The directory that the last of `names` is in. */
Status OpenParent(HANDLE base, const std::vector<std::wstring>& names, Owned* parent);
/** Attributes of an open file: FILE_ATTRIBUTE_… */
Status AttributesOf(HANDLE file, DWORD* attributes);
/** NtSetInformationFile. */
Status SetInformation(HANDLE file, const void* information, size_t size, int information_class);

std::wstring WideFrom(std::span<const uint8_t> bytes);
Napi::Value BytesFrom(Napi::Env env, const wchar_t* text, size_t length);

}  // namespace stratabox
