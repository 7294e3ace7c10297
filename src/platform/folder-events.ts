import { statfs } from 'node:fs/promises';
import { watch } from 'chokidar';

/** Types (statfs) of file systems that say nothing, or not all, of what other machines do. */
const SILENT_FILE_SYSTEMS = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x65735546, // FUSE (sshfs, rclone, ...)
  0x01021997, // 9p (virtual machines, WSL)
  0x786f4256, // VirtualBox shared folders
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // kAFS
  0x013661, // FHGFS and BeeGFS
]);

/** Whether changes in this folder must be looked for because nobody reports them. False where it cannot be known. */
export async function needsPolling(folder: string): Promise<boolean> {
  try {
    const { type } = await statfs(folder);
    return SILENT_FILE_SYSTEMS.has(type >>> 0);
  } catch {
    return false;
  }
}

export interface FolderEvents {
  close(): Promise<void>;
}

/**
 * Calls `onChange` when something below the folder may have changed: a hint to look, not more. `onTrouble` hears when the
 * system cannot watch (too many watches), after which only looking helps.
 */
export function watchTree(
  folder: string,
  options: {
    readonly polling: boolean;
    readonly intervalMs: number;
    readonly onChange: () => void;
    readonly onTrouble: (reason: string) => void;
  },
): FolderEvents {
  const watcher = watch(folder, {
    ignoreInitial: true,
    followSymlinks: false,
    ignorePermissionErrors: true,
    atomic: false,
    usePolling: options.polling,
    interval: options.intervalMs,
    binaryInterval: options.intervalMs,
  });
  watcher.on('all', (event, name) => {
    // A file that grows is looked at when its time has come, not with every block.
    if (event !== 'change' || name.endsWith('.json')) options.onChange();
  });
  watcher.on('error', (error) => options.onTrouble(error instanceof Error ? error.message : String(error)));
  return { close: () => watcher.close() };
}
