// What a file says about itself, where a link leads, locks. Source: Win32 GetFileInformationByHandle, FILE_BASIC_INFO, FSCTL_GET_REPARSE_POINT, LockFileEx;
// [MS-FSCC] 2.1.2 for the reparse points.
#include "windows/files.h"
#include "windows/rooms.h"

namespace stratabox {
namespace {

constexpr int64_t kTicksTo1970 = 116444736000000000;
constexpr uint32_t kDirectoryMode = 0040755, kLinkMode = 0120777, kFileMode = 0100644, kReadOnlyMode = 0100444;
constexpr ULONG kTagSymlink = 0xA000000C, kTagMountPoint = 0xA0000003;
// Nobody reads or writes there: a lock is no obstacle to the content.
constexpr DWORD kLockAt = 0x40000000;

Napi::Value Nanoseconds(Napi::Env env, int64_t ticks) { return Napi::BigInt::New(env, (ticks - kTicksTo1970) * 100); }

int64_t Joined(DWORD high, DWORD low) { return static_cast<int64_t>(high) << 32 | low; }

/** The file that a call is about: one below the directory, or with an empty path the descriptor's own. */
HANDLE Of(const FileCall& call, ACCESS_MASK access, Owned* opened) {
  std::vector<std::wstring> names = call.Names(1);
  if (names.empty() && access == FILE_READ_ATTRIBUTES) return call.Descriptor(0);
  Status status = OpenBelow(call.Descriptor(0), names, {access, 1, 0, 0}, opened);
  // A file cannot be opened below itself everywhere; its descriptor may have the right already.
  if (status < 0 && names.empty()) return call.Descriptor(0);
  call.Check(status);
  return opened->get();
}

// fstatat(2), links not followed.
Napi::Value Stat(const Napi::CallbackInfo& info) {
  FileCall call(info, "lstat");
  Owned opened;
  HANDLE file = Of(call, FILE_READ_ATTRIBUTES, &opened);
  BY_HANDLE_FILE_INFORMATION of{};
  FILE_BASIC_INFO times{};
  if (!GetFileInformationByHandle(file, &of) || !GetFileInformationByHandleEx(file, FileBasicInfo, &times, sizeof(times))) call.FailErrno(kIo);
  bool is_link = (of.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
  bool is_directory = (of.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
  bool is_read_only = (of.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0;
  Napi::Env env = call.Env();
  Napi::Object out = Napi::Object::New(env);
  uint32_t mode = is_link ? kLinkMode : is_directory ? kDirectoryMode : is_read_only ? kReadOnlyMode : kFileMode;
  int64_t size = is_directory || is_link ? 0 : Joined(of.nFileSizeHigh, of.nFileSizeLow);
  out.Set("mode", Napi::Number::New(env, mode));
  for (const char* name : {"uid", "gid", "rdevMajor", "rdevMinor"}) out.Set(name, Napi::Number::New(env, 0));
  out.Set("nlink", Napi::Number::New(env, of.nNumberOfLinks));
  out.Set("attributes", Napi::Number::New(env, of.dwFileAttributes));
  out.Set("size", Napi::BigInt::New(env, size));
  out.Set("ino", Napi::BigInt::New(env, static_cast<uint64_t>(Joined(of.nFileIndexHigh, of.nFileIndexLow))));
  out.Set("dev", Napi::BigInt::New(env, static_cast<uint64_t>(of.dwVolumeSerialNumber)));
  out.Set("blocks", Napi::BigInt::New(env, (size + 511) / 512));
  out.Set("mtimeNs", Nanoseconds(env, times.LastWriteTime.QuadPart));
  out.Set("atimeNs", Nanoseconds(env, times.LastAccessTime.QuadPart));
  out.Set("ctimeNs", Nanoseconds(env, times.ChangeTime.QuadPart));
  out.Set("birthtimeNs", Nanoseconds(env, times.CreationTime.QuadPart));
  return out;
}

// fchmodat(2): the one bit that Windows has, and for files alone: on a directory the attribute means something else.
void Chmod(const Napi::CallbackInfo& info) {
  FileCall call(info, "chmod");
  Owned opened;
  HANDLE file = Of(call, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, &opened);
  FILE_BASIC_INFO basic{};
  if (!GetFileInformationByHandleEx(file, FileBasicInfo, &basic, sizeof(basic))) call.FailErrno(kIo);
  if ((basic.FileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) != 0) return;
  DWORD wanted = (call.Unsigned(2) & 0222) == 0 ? basic.FileAttributes | FILE_ATTRIBUTE_READONLY : basic.FileAttributes & ~FILE_ATTRIBUTE_READONLY;
  if (wanted == basic.FileAttributes) return;
  FILE_BASIC_INFO next{};
  next.FileAttributes = wanted == 0 ? FILE_ATTRIBUTE_NORMAL : wanted;
  if (!SetFileInformationByHandle(file, FileBasicInfo, &next, sizeof(next))) call.FailErrno(GetLastError() == ERROR_ACCESS_DENIED ? kAccess : kIo);
}

// utimensat(2) with both times the same, or with another time of access.
void Utimes(const Napi::CallbackInfo& info) {
  FileCall call(info, "utime");
  Owned opened;
  HANDLE file = Of(call, FILE_WRITE_ATTRIBUTES, &opened);
  FILE_BASIC_INFO times{};
  times.LastWriteTime.QuadPart = call.Wide(2) / 100 + kTicksTo1970;
  times.LastAccessTime.QuadPart = (call.Has(3) ? call.Wide(3) : call.Wide(2)) / 100 + kTicksTo1970;
  // Before 1601 there are no times; 0 and less mean something else.
  if (times.LastWriteTime.QuadPart <= 0 || times.LastAccessTime.QuadPart <= 0) call.FailErrno(kInvalid);
  if (!SetFileInformationByHandle(file, FileBasicInfo, &times, sizeof(times))) call.FailErrno(GetLastError() == ERROR_ACCESS_DENIED ? kAccess : kIo);
}

uint16_t Half(const std::vector<uint8_t>& bytes, size_t at) { return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8); }

// readlinkat(2): the substitute name of a symbolic link or junction.
Napi::Value Readlink(const Napi::CallbackInfo& info) {
  FileCall call(info, "readlink");
  Owned opened;
  HANDLE file = Of(call, FILE_READ_ATTRIBUTES, &opened);
  std::vector<uint8_t> bytes(MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
  DWORD size = 0;
  constexpr DWORD kGetReparsePoint = 0x000900A8;
  if (!DeviceIoControl(file, kGetReparsePoint, nullptr, 0, bytes.data(), static_cast<DWORD>(bytes.size()), &size, nullptr)) call.FailErrno(kInvalid);
  ULONG tag = static_cast<ULONG>(Half(bytes, 0)) | static_cast<ULONG>(Half(bytes, 2)) << 16;
  if (size < 16 || (tag != kTagSymlink && tag != kTagMountPoint)) call.FailErrno(kInvalid);
  size_t names = tag == kTagSymlink ? 20 : 16;
  size_t at = names + Half(bytes, 8), length = Half(bytes, 10);
  if (at + length > size || at % 2 != 0) call.FailErrno(kInvalid);
  return BytesFrom(call.Env(), reinterpret_cast<const wchar_t*>(bytes.data() + at), length / sizeof(wchar_t));
}

// finalPath(fd): where the file of a descriptor is now, in the form that Win32 takes as it stands, however long it is.
Napi::Value FinalPath(const Napi::CallbackInfo& info) {
  FileCall call(info, "GetFinalPathNameByHandle");
  std::vector<wchar_t> path(32768);
  DWORD length = GetFinalPathNameByHandleW(call.Descriptor(0), path.data(), static_cast<DWORD>(path.size()), 0);
  if (length == 0 || length >= path.size()) call.Fail(GetLastError());
  return Napi::String::New(call.Env(), std::u16string(path.data(), path.data() + length));
}

void SetSecurity(const Napi::CallbackInfo& info) {
  FileCall call(info, "SetFileSecurity");
  if (!SetFileSecurityW(call.Text(0).c_str(), call.Unsigned(1), call.Bytes(2).data())) call.Fail(GetLastError());
}

Napi::Value GetSecurity(const Napi::CallbackInfo& info) {
  FileCall call(info, "GetFileSecurity");
  std::wstring path = call.Text(0);
  DWORD parts = call.Unsigned(1), size = 0;
  GetFileSecurityW(path.c_str(), parts, nullptr, 0, &size);
  std::vector<uint8_t> bytes(size);
  if (size == 0 || !GetFileSecurityW(path.c_str(), parts, bytes.data(), size, &size)) call.Fail(GetLastError());
  return BytesValue(call.Env(), bytes.data(), size);
}

// flock(2), never waiting.
Napi::Value Lock(const Napi::CallbackInfo& info) {
  FileCall call(info, "flock");
  OVERLAPPED at{};
  at.OffsetHigh = kLockAt;
  DWORD flags = LOCKFILE_FAIL_IMMEDIATELY | (call.Flag(1) ? LOCKFILE_EXCLUSIVE_LOCK : 0);
  BOOL ok = LockFileEx(call.Descriptor(0), flags, 0, 1, 0, &at);
  DWORD error = GetLastError();
  if (!ok && error != ERROR_LOCK_VIOLATION && error != ERROR_IO_PENDING) call.FailErrno(kIo);
  return Napi::Boolean::New(call.Env(), ok != FALSE);
}

}  // namespace

void InitFileInode(Napi::Env env, Napi::Object exports) {
  exports.Set("fstatat", Napi::Function::New(env, Stat));
  exports.Set("fchmodat", Napi::Function::New(env, Chmod));
  exports.Set("utimensat", Napi::Function::New(env, Utimes));
  exports.Set("readlinkat", Napi::Function::New(env, Readlink));
  exports.Set("finalPath", Napi::Function::New(env, FinalPath));
  exports.Set("setFileSecurity", Napi::Function::New(env, SetSecurity));
  exports.Set("fileSecurity", Napi::Function::New(env, GetSecurity));
  exports.Set("flock", Napi::Function::New(env, Lock));
}

}  // namespace stratabox
