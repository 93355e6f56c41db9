// What node:fs lacks, one function a system call; src/native/binding.ts says what each takes and returns. (Not named fs.h: that is the kernel's.)
#pragma once
#include <napi.h>

namespace stratabox::fs {

// fs-tree.cc: names and what they lead to
Napi::Value Openat2(const Napi::CallbackInfo& info);
void Close(const Napi::CallbackInfo& info);
void Dup3(const Napi::CallbackInfo& info);
void Mkdirat(const Napi::CallbackInfo& info);
void Mknodat(const Napi::CallbackInfo& info);
void Symlinkat(const Napi::CallbackInfo& info);
void Linkat(const Napi::CallbackInfo& info);
void Unlinkat(const Napi::CallbackInfo& info);
void Renameat2(const Napi::CallbackInfo& info);
Napi::Value Readlinkat(const Napi::CallbackInfo& info);
Napi::Value Readdir(const Napi::CallbackInfo& info);

// fs-inode.cc: what an inode says about itself
void Fchownat(const Napi::CallbackInfo& info);
void Fchmodat(const Napi::CallbackInfo& info);
void Utimensat(const Napi::CallbackInfo& info);
Napi::Value Fstatat(const Napi::CallbackInfo& info);

// fs-xattr.cc: extended attributes
Napi::Value Listxattr(const Napi::CallbackInfo& info);
Napi::Value Getxattr(const Napi::CallbackInfo& info);
void Setxattr(const Napi::CallbackInfo& info);
void Removexattr(const Napi::CallbackInfo& info);

// fs-content.cc: locks, shared extents, holes
Napi::Value Flock(const Napi::CallbackInfo& info);
Napi::Value Reflink(const Napi::CallbackInfo& info);
Napi::Value NextData(const Napi::CallbackInfo& info);

}  // namespace stratabox::fs
