// Names in a directory: open, make, link, move, remove, list. Source: NtCreateFile, NtSetInformationFile, GetFileInformationByHandleEx (Windows Driver Kit, Win32).
#include <algorithm>
#include <cstddef>

#include "windows/files.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

// As Node has them on Windows; the last three, which Windows lacks, as src/native/open-flags.ts.
constexpr uint32_t kWriteOnly = 1, kReadWrite = 2, kAppend = 8, kCreate = 0x100, kTruncate = 0x200, kExclusive = 0x400;
constexpr uint32_t kMustBeDirectory = 0x10000, kNoFollow = 0x20000, kPathOnly = 0x200000;
// Dispositions of NtCreateFile.
constexpr ULONG kOpen = 1, kCreateNew = 2, kOpenIf = 3;
constexpr int kRenameInformation = 10, kLinkInformation = 11, kDispositionInformation = 13, kEndOfFileInformation = 20, kDispositionInformationEx = 64;
constexpr uint32_t kRemoveDirectory = 0x200;
constexpr int kAtCwd = -100;
constexpr size_t kNameBytes = 512;
constexpr Status kInvalidClass = static_cast<Status>(0xC0000003), kInvalidParameter = static_cast<Status>(0xC000000D),
                 kNotSupportedStatus = static_cast<Status>(0xC00000BB), kNotImplemented = static_cast<Status>(0xC0000002);

bool HasAttribute(const FileCall& call, HANDLE file, DWORD attribute) {
  DWORD attributes = 0;
  call.Check(AttributesOf(file, &attributes));
  return (attributes & attribute) != 0;
}

// openat2(directory or AT_FDCWD, path, flags, mode, resolve): whatever `resolve` says, no link is followed, but for the host's own path below AT_FDCWD.
Napi::Value OpenAt(const Napi::CallbackInfo& info) {
  FileCall call(info, "open");
  uint32_t flags = call.Unsigned(2);
  bool writes = (flags & (kWriteOnly | kReadWrite)) != 0;
  Owned file;
  if (static_cast<int>(call.Unsigned(0)) == kAtCwd) {
    DWORD access = (flags & kPathOnly) != 0 ? FILE_READ_ATTRIBUTES | FILE_TRAVERSE | FILE_LIST_DIRECTORY : GENERIC_READ;
    DWORD how = FILE_FLAG_BACKUP_SEMANTICS | ((flags & kNoFollow) != 0 ? FILE_FLAG_OPEN_REPARSE_POINT : 0);
    file = Owned(CreateFileW(call.HostPath(1).c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING, how, nullptr));
    DWORD error = GetLastError();
    if (!file) call.FailErrno(error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND || error == ERROR_INVALID_NAME ? kNoEntry
                              : error == ERROR_ACCESS_DENIED ? kAccess : error == ERROR_SHARING_VIOLATION ? kBusy : kIo);
  } else {
    OpenHow how;
    how.access = FILE_READ_ATTRIBUTES;
    if ((flags & kPathOnly) != 0) how.access |= FILE_TRAVERSE | FILE_LIST_DIRECTORY;
    else if (!writes) how.access = FILE_GENERIC_READ;
    else how.access |= ((flags & kAppend) != 0 ? FILE_APPEND_DATA : FILE_WRITE_DATA | FILE_APPEND_DATA) | FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA |
                       ((flags & kReadWrite) != 0 ? FILE_READ_DATA | FILE_READ_EA : 0);
    how.disposition = (flags & kCreate) == 0 ? kOpen : (flags & kExclusive) != 0 ? kCreateNew : kOpenIf;
    how.attributes = (call.Unsigned(3) & 0222) == 0 && (flags & kCreate) != 0 ? FILE_ATTRIBUTE_READONLY : FILE_ATTRIBUTE_NORMAL;
    if (writes || (flags & kCreate) != 0) how.options = kNonDirectoryFile;
    call.Check(OpenBelow(call.Descriptor(0), (flags & kCreate) != 0 ? call.NewNames(1) : call.Names(1), how, &file));
  }
  // openat(2) says of a link that is no directory what it says of a file.
  if (HasAttribute(call, file.get(), FILE_ATTRIBUTE_REPARSE_POINT)) call.FailErrno((flags & kMustBeDirectory) != 0 ? kNotDirectory : kLoop);
  if ((flags & kMustBeDirectory) != 0 && !HasAttribute(call, file.get(), FILE_ATTRIBUTE_DIRECTORY)) call.FailErrno(kNotDirectory);
  // Emptied only when it is known to be no link.
  if ((flags & kTruncate) != 0 && writes) {
    LARGE_INTEGER nothing{};
    call.Check(SetInformation(file.get(), &nothing, sizeof(nothing), kEndOfFileInformation));
  }
  return call.DescriptorValue(std::move(file));
}

void MakeDirectory(const Napi::CallbackInfo& info) {
  FileCall call(info, "mkdir");
  std::vector<std::wstring> names = call.NewNames(1);
  if (names.empty()) call.FailErrno(kExists);
  Owned made;
  call.Check(OpenBelow(call.Descriptor(0), names, {FILE_READ_ATTRIBUTES, kCreateNew, kDirectoryFile, FILE_ATTRIBUTE_NORMAL}, &made));
}

/** FILE_RENAME_INFORMATION, which FILE_LINK_INFORMATION equals: a flag, the directory of the new name, the name. */
Status NameAnew(HANDLE file, HANDLE directory, const std::wstring& name, bool replaces, int information_class) {
  struct Head {
    BOOLEAN replace;
    HANDLE root;
    ULONG length;
  };
  constexpr size_t kHead = offsetof(Head, length) + sizeof(ULONG);
  std::vector<uint8_t> bytes(std::max(sizeof(Head), kHead + (name.size() + 1) * sizeof(wchar_t)));
  auto* head = reinterpret_cast<Head*>(bytes.data());
  head->replace = replaces;
  head->root = directory;
  head->length = static_cast<ULONG>(name.size() * sizeof(wchar_t));
  memcpy(bytes.data() + kHead, name.data(), head->length);
  return SetInformation(file, bytes.data(), bytes.size(), information_class);
}

/** Both paths of a call, the first one open. */
struct TwoPaths {
  TwoPaths(const FileCall& call, ACCESS_MASK access) {
    std::vector<std::wstring> from = call.Names(1), to = call.NewNames(3);
    if (from.empty() || to.empty()) call.FailErrno(kBusy);
    call.Check(OpenBelow(call.Descriptor(0), from, {access, kOpen, 0, 0}, &file));
    HANDLE base = call.Descriptor(2);
    call.Check(OpenParent(base, to, &parent));
    directory = parent ? parent.get() : base;
    name = to.back();
  }
  Owned file, parent;
  HANDLE directory;
  std::wstring name;
};

// renameat2(2) without flags: what has the name is replaced, as far as Windows does it (no directory).
void Rename(const Napi::CallbackInfo& info) {
  FileCall call(info, "rename");
  TwoPaths paths(call, DELETE | FILE_READ_ATTRIBUTES);
  call.Check(NameAnew(paths.file.get(), paths.directory, paths.name, true, kRenameInformation));
}

void Link(const Napi::CallbackInfo& info) {
  FileCall call(info, "link");
  TwoPaths paths(call, FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES);
  if (HasAttribute(call, paths.file.get(), FILE_ATTRIBUTE_DIRECTORY)) call.FailErrno(kPerm);
  call.Check(NameAnew(paths.file.get(), paths.directory, paths.name, false, kLinkInformation));
}

/** The name goes at once, even where somebody has the file open and where it is read-only; on systems without that, with the last handle. */
Status Remove(HANDLE file) {
  // FILE_DISPOSITION_DELETE | POSIX_SEMANTICS | IGNORE_READONLY_ATTRIBUTE
  ULONG flags = 0x1 | 0x2 | 0x10;
  Status status = SetInformation(file, &flags, sizeof(flags), kDispositionInformationEx);
  if (status != kInvalidClass && status != kInvalidParameter && status != kNotSupportedStatus && status != kNotImplemented) return status;
  BOOLEAN deletes = TRUE;
  return SetInformation(file, &deletes, sizeof(deletes), kDispositionInformation);
}

// unlinkat(2). A junction or link to a directory is a name like any other.
void Unlink(const Napi::CallbackInfo& info) {
  FileCall call(info, "unlink");
  std::vector<std::wstring> names = call.Names(1);
  if (names.empty()) call.FailErrno(kBusy);
  bool wants_directory = (call.Unsigned(2) & kRemoveDirectory) != 0;
  HANDLE base = call.Descriptor(0);
  Owned file;
  Status status = OpenBelow(base, names, {DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, kOpen, 0, 0}, &file);
  if (status < 0) status = OpenBelow(base, names, {DELETE | FILE_READ_ATTRIBUTES, kOpen, 0, 0}, &file);
  call.Check(status);
  DWORD attributes = 0;
  call.Check(AttributesOf(file.get(), &attributes));
  bool is_directory = (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0;
  if (is_directory != wants_directory) call.FailErrno(is_directory ? kIsDirectory : kNotDirectory);
  status = Remove(file.get());
  if (status == static_cast<Status>(0xC0000121) && (attributes & FILE_ATTRIBUTE_READONLY) != 0) {
    FILE_BASIC_INFO basic{};
    basic.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    SetFileInformationByHandle(file.get(), FileBasicInfo, &basic, sizeof(basic));
    status = Remove(file.get());
  }
  call.Check(status);
}

// The names in a directory, but '.' and '..'.
Napi::Value List(const Napi::CallbackInfo& info) {
  FileCall call(info, "scandir");
  HANDLE directory = call.Descriptor(0);
  Napi::Array names = Napi::Array::New(call.Env());
  std::vector<uint64_t> buffer(8192);
  uint32_t count = 0;
  for (FILE_INFO_BY_HANDLE_CLASS which = FileIdBothDirectoryRestartInfo;; which = FileIdBothDirectoryInfo) {
    if (!GetFileInformationByHandleEx(directory, which, buffer.data(), static_cast<DWORD>(buffer.size() * sizeof(uint64_t)))) {
      DWORD error = GetLastError();
      if (error == ERROR_NO_MORE_FILES || error == ERROR_FILE_NOT_FOUND) return names;
      call.FailErrno(error == ERROR_ACCESS_DENIED ? kAccess : error == ERROR_INVALID_PARAMETER ? kNotDirectory : kIo);
    }
    for (auto* at = reinterpret_cast<uint8_t*>(buffer.data());;) {
      const auto* entry = reinterpret_cast<FILE_ID_BOTH_DIR_INFO*>(at);
      size_t length = entry->FileNameLength / sizeof(wchar_t);
      bool is_dots = length <= 2 && entry->FileName[0] == L'.' && (length == 1 || entry->FileName[1] == L'.');
      if (!is_dots && length <= kNameBytes) names.Set(count++, BytesFrom(call.Env(), entry->FileName, length));
      if (entry->NextEntryOffset == 0) break;
      at += entry->NextEntryOffset;
    }
  }
}

}  // namespace

void InitFileTree(Napi::Env env, Napi::Object exports) {
  exports.Set("openat2", Napi::Function::New(env, OpenAt));
  exports.Set("mkdirat", Napi::Function::New(env, MakeDirectory));
  exports.Set("renameat2", Napi::Function::New(env, Rename));
  exports.Set("linkat", Napi::Function::New(env, Link));
  exports.Set("unlinkat", Napi::Function::New(env, Unlink));
  exports.Set("readdir", Napi::Function::New(env, List));
}

}  // namespace stratabox
