"""Root of the `sipas` command: groups load late, so that `sipas --help` answers at once."""

import importlib
import sys

import click
from click.exceptions import NoArgsIsHelpError

from surveyapp.errors import AppError
from surveyapp.usage_errors import refused

#: command -> (where it lives, one line for --help), in the order of the work
COMMANDS: dict[str, tuple[str, str]] = {
    "start": ("surveyapp.serving:start", "Nâng cấp, tạo quản trị đầu tiên nếu cần, rồi chạy."),
    "demo": ("surveyapp.practice.cli:demo", "Chạy thử trọn hai cuộc khảo sát mô phỏng."),
    "serve": ("surveyapp.serving:serve", "Chạy máy chủ."),
    "upgrade": ("surveyapp.maintenance:upgrade_command", "Tạo hoặc nâng cấp cơ sở dữ liệu."),
    "backup": ("surveyapp.maintenance:backup_command", "Sao lưu cơ sở dữ liệu."),
    "restore": ("surveyapp.maintenance:restore_command", "Khôi phục từ bản sao lưu."),
    "account": ("surveyapp.accounts.cli:cli", "Tài khoản: thêm, xem, cấp lại mật khẩu."),
    "device": ("surveyapp.collect.cli:cli", "Máy tại quầy: ghép, xem, thu hồi."),
    "collect": ("surveyapp.collect.cli:waiting", "Phiếu đang chờ mở trên máy chủ này."),
    "survey": ("surveyapp.surveys.cli:cli", "Cuộc khảo sát: tạo, xem, loại cơ quan, chuyển bước."),
    "frame": ("surveyapp.frames.cli:cli", "Danh sách chọn mẫu: tệp mẫu, nhập, chốt."),
    "sample": ("surveyapp.samples.cli:cli", "Cỡ mẫu, chọn mẫu, kiểm tra biên bản chọn mẫu."),
    "invitation": ("surveyapp.fieldwork.cli:cli", "Giao phiếu, mã phiếu, thư mời, tiến độ."),
    "recheck": ("surveyapp.recheck.cli:cli", "Phúc tra độc lập: tiến độ."),
    "results": ("surveyapp.results.cli:cli", "Tính kết quả, độ thống nhất phúc tra, báo cáo."),
    "moments": ("surveyapp.results.moments_cli:cli", "Gộp số liệu nhiều tỉnh, không kèm phiếu."),
}


class LateGroup(click.Group):
    """A group that imports a subcommand only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """List the commands from the table, without importing them."""
        with formatter.section("Lệnh"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sipas", message="%(version)s")
def cli() -> None:
    """Khảo sát sự hài lòng (SIPAS) và điều tra xã hội học phục vụ PAR INDEX."""


def main() -> None:
    """Run `sipas`; a mistake of the user ends with its sentence and exit code 1, a wrong call 2."""
    try:
        # --help and --version come back with their exit code
        ended = cli.main(standalone_mode=False)
    except AppError as error:
        report(error)
        sys.exit(1)
    except NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        report(refused(error))
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Đã dừng.", err=True)
        sys.exit(1)
    sys.exit(ended if isinstance(ended, int) else 0)


def report(error: AppError) -> None:
    """Write what is wrong, where, and what to do, to stderr."""
    click.echo(f"Lỗi {error}", err=True)
    for problem in error.problems:
        click.echo(f"  - {problem}", err=True)
    if error.fix:
        click.echo(f"Cách xử lý: {error.fix}", err=True)
