"""The commands of `myriad`: one file each, which wires the layers together and imports them only when it runs."""
