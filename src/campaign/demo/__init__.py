"""The packaged demo: a journey, its pictures and the driver that lives it through."""
